// Package tap is a TCP proxy that tests and the fault suite put before a server, to make connections break, hang, lag
// or fail.
package tap

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Tap listens on this machine and forwards to one server.
type Tap struct {
	listener net.Listener
	dial     func() (net.Conn, error)

	mu    sync.Mutex
	open  map[net.Conn]bool
	down  bool
	flow  chan struct{} // closed while bytes flow
	delay atomic.Int64
}

// New forwards to a server on "tcp" or "unix", which need not exist yet.
func New(network, address string) (*Tap, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Tap{listener: l, open: map[net.Conn]bool{}, flow: make(chan struct{})}
	p.dial = func() (net.Conn, error) { return net.Dial(network, address) }
	close(p.flow)
	go p.accept()
	return p, nil
}

// Address returns the address it listens on.
func (p *Tap) Address() string { return p.listener.Addr().String() }

// Close stops it and closes all connections.
func (p *Tap) Close() {
	p.Restore()
	_ = p.listener.Close()
	p.Reset()
}

// Cut resets every connection and accepts none until Restore.
func (p *Tap) Cut() {
	p.mu.Lock()
	p.down = true
	p.mu.Unlock()
	p.Reset()
}

// Reset resets every connection; new ones are accepted.
func (p *Tap) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
		delete(p.open, conn)
	}
}

// Hang keeps all connections open but forwards nothing until Restore.
func (p *Tap) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flow = make(chan struct{})
}

// Delay is added to each answer from now on.
func (p *Tap) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Restore ends Cut and Hang.
func (p *Tap) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
	select {
	case <-p.flow:
	default:
		close(p.flow)
	}
}

func (p *Tap) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

func (p *Tap) connect(client net.Conn) {
	server, err := p.dial()
	p.mu.Lock()
	if p.down || err != nil {
		p.mu.Unlock()
		_ = client.Close()
		if err == nil {
			_ = server.Close()
		}
		return
	}
	p.open[client], p.open[server] = true, true
	p.mu.Unlock()
	go p.carry(server, client, false)
	p.carry(client, server, true)
}

// carry copies bytes; answers are delayed as if they came from far away.
func (p *Tap) carry(to, from net.Conn, answers bool) {
	defer p.forget(to, from)
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if answers {
				time.Sleep(time.Duration(p.delay.Load()))
			}
			p.mu.Lock()
			flow := p.flow
			p.mu.Unlock()
			<-flow
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Tap) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
		delete(p.open, conn)
	}
}
