package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// errChanged says that a file was written to, or cut, while it was read: whoever is not in it yet would end.
var errChanged = errors.New("the file changed while it was read: wait until it has been copied whole")

// steadyFile is a file that must stay as it was when it was opened.
type steadyFile struct {
	*os.File
	was os.FileInfo
}

// openSteady opens only what is a file: others may have no end, and cannot be read twice.
func openSteady(path string) (*steadyFile, error) {
	if path == "-" {
		path = "/dev/stdin"
	}
	is, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fileError(path, err)
	case is.IsDir():
		return nil, fileError(path, syscall.EISDIR)
	case !is.Mode().IsRegular():
		return nil, fmt.Errorf("%s is a pipe or a device, and what is imported is read more than once: write it to a file first, and import that. Nothing was changed", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	return &steadyFile{file, is}, nil
}

// Read returns errChanged at the end of a file that has another length or date than before.
func (f *steadyFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	if err == io.EOF {
		is, statErr := f.Stat()
		if statErr != nil || is.Size() != f.was.Size() || !is.ModTime().Equal(f.was.ModTime()) {
			return n, errors.Join(errChanged, statErr)
		}
	}
	return n, err
}

// WriteTo hides that of os.File, which would pass over Read.
func (f *steadyFile) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{f})
}
