//go:build !linux

package main

import "errors"

func pin(int) error { return errors.New("programs cannot be bound to a core on this system") }
