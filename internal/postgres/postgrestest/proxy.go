package postgrestest

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Proxy is a TCP proxy in front of PostgreSQL that can cut connections and add latency.
type Proxy struct {
	mu    sync.Mutex
	conns []net.Conn
	delay atomic.Int64
	hung  atomic.Int64 // connections of before are
	made  atomic.Int64
	said  atomic.Int64
}

// Proxied is the address of a database by way of a proxy.
func Proxied(t testing.TB, dsn string) (string, *Proxy) {
	t.Helper()
	server, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	network, target := pgconn.NetworkAddress(server.Host, server.Port)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{}
	t.Cleanup(func() { l.Close(); p.Cut() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial(network, target)
			if err != nil {
				from.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, from, to)
			p.mu.Unlock()
			number := p.made.Add(1)
			go p.carry(to, from, false, number)
			go p.carry(from, to, true, number)
		}
	}()
	return fmt.Sprintf("host=127.0.0.1 port=%d user=%s password='%s' dbname=%s sslmode=disable",
		l.Addr().(*net.TCPAddr).Port, server.User, server.Password, server.Database), p
}

// carry moves bytes, answers as late as they would be that come from far away.
func (p *Proxy) carry(to, from net.Conn, answers bool, number int64) {
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if answers {
				p.said.Add(1)
				time.Sleep(time.Duration(p.delay.Load()))
			}
			if number <= p.hung.Load() {
				continue
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Delay is added to each answer from now on.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Answers is how often the server has answered, over all connections: their round trips.
func (p *Proxy) Answers() int64 { return p.said.Load() }

// Hang stops the traffic of the open connections; new ones work.
func (p *Proxy) Hang() { p.hung.Store(p.made.Load()) }

// Cut resets every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
	p.conns = nil
}
