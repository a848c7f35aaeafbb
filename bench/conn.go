package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// conn is an HTTP/1.1 client on one connection that costs the driver little: at 40,000 requests a second net/http would be what
// is measured.
type conn struct {
	net.Conn
	used time.Time
	in   *bufio.Reader
	out  []byte
	last answer
}

// answer is valid until the next request.
type answer struct {
	status   int
	location string
	body     []byte
}

func dial(address string) (*conn, error) {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, used: time.Now(), in: bufio.NewReaderSize(c, 16<<10)}, nil
}

// idleFor is how long a connection is trusted that nothing was asked on: the service closes it after a minute.
const idleFor = 20 * time.Second

func (c *conn) renew(now time.Time) error {
	idle := now.Sub(c.used)
	c.used = now
	if idle < idleFor {
		return nil
	}
	_ = c.Close() // it may be closed already
	fresh, err := dial(c.RemoteAddr().String())
	if err == nil {
		c.Conn, c.in = fresh.Conn, fresh.in
	}
	return err
}

// ask sends a request with header lines, each with its end, and reads the answer.
func (c *conn) ask(method, path, headers, body string) (*answer, error) {
	c.out = append(c.out[:0], method...)
	c.out = append(append(append(c.out, ' '), path...), " HTTP/1.1\r\nHost: "+issuer+"\r\n"...)
	c.out = append(c.out, headers...)
	if method == "POST" {
		c.out = append(c.out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
		c.out = append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n"...)
	}
	c.out = append(append(c.out, "\r\n"...), body...)
	now := time.Now()
	if err := c.renew(now); err != nil {
		return nil, err
	}
	if err := c.SetDeadline(now.Add(20 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.Write(c.out); err != nil {
		return nil, err
	}
	return &c.last, c.read(&c.last)
}

func (c *conn) read(a *answer) error {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 12 {
		return errors.New("not an answer of HTTP/1.1")
	}
	a.status, err = strconv.Atoi(string(line[9:12]))
	if err != nil {
		return err
	}
	a.location, a.body = "", a.body[:0]
	size := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			size, _ = strconv.Atoi(string(value)) // a wrong one shows in what follows
		} else if value, found := bytes.CutPrefix(line, []byte("Location: ")); found {
			a.location = string(value)
		} else if bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked")) {
			size = -1
		}
	}
	if size >= 0 {
		return c.append(a, size)
	}
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return err
		}
		chunk, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil {
			return fmt.Errorf("a chunk: %w", err)
		}
		if err := c.append(a, int(chunk)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil || chunk == 0 {
			return err
		}
	}
}

func (c *conn) append(a *answer, size int) error {
	at := len(a.body)
	a.body = append(a.body, make([]byte, size)...)
	_, err := io.ReadFull(c.in, a.body[at:])
	return err
}

// member is a string of the JSON in an answer.
func (a *answer) member(name string) string {
	_, after, _ := bytes.Cut(a.body, []byte(`"`+name+`":"`))
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return string(value)
}

// want is an error unless the status is the one.
func (a *answer) want(status int) error {
	if a.status == status {
		return nil
	}
	return fmt.Errorf("answered %d, want %d: %.300s", a.status, status, a.body)
}
