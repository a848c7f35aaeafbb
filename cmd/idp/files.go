package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// fileError is a failure to open or read a file, in an operator's words.
func fileError(path string, err error) error {
	switch inner, isPath := errors.AsType[*fs.PathError](err); {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("there is no such file or folder: %s", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be read: permission denied", path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s is a folder, and must be a file", path)
	case isPath:
		return fmt.Errorf("%s cannot be read: %w", path, inner.Err)
	}
	return fmt.Errorf("%s cannot be read: %w", path, err)
}

// madeError is a failure to make a file.
func madeError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s cannot be written: there is no folder %s", path, filepath.Dir(path))
	}
	return fmt.Errorf("%s cannot be written: %w", path, withoutPath(err))
}

// withoutPath is the cause of a failure whose message names the file.
func withoutPath(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return inner.Err
	}
	return err
}

// readWhole reads a file of at most limit bytes, and one more if it is longer; - is standard input. It ends with ctx, since nobody may
// ever write to a pipe.
func readWhole(ctx context.Context, path string, limit int64) ([]byte, error) {
	type outcome struct {
		text []byte
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		in := os.Stdin
		if path != "-" {
			file, err := os.Open(path)
			if err != nil {
				done <- outcome{nil, err}
				return
			}
			defer file.Close()
			in = file
		}
		text, err := io.ReadAll(io.LimitReader(in, limit+1))
		done <- outcome{text, err}
	}()
	select {
	case o := <-done:
		return o.text, fileError(named(path), o.err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// named is a file as messages call it.
func named(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}
