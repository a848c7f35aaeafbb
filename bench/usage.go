package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat, on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpu is the processor time that a process has used, and that of its children: those that it waited for, and those that run.
func cpu(pid int) (own, children time.Duration) {
	fields := stat(pid)
	if fields == nil {
		return 0, 0
	}
	own, children = ticks(fields[11], fields[12]), ticks(fields[13], fields[14])
	all, _ := filepath.Glob("/proc/[0-9]*") // an error is of the pattern
	for _, path := range all {
		id, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if child := stat(id); child != nil && child[1] == strconv.Itoa(pid) {
			children += ticks(child[11], child[12])
		}
	}
	return own, children
}

// stat are the fields of /proc/PID/stat from the state on; nil if there is no such process.
func stat(pid int) []string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	if len(fields) < 15 {
		return nil
	}
	return fields
}

func ticks(fields ...string) (sum time.Duration) {
	for _, field := range fields {
		n, _ := strconv.ParseInt(field, 10, 64) // the kernel's
		sum += time.Duration(n) * tick
	}
	return sum
}

// resident is the memory of a process in MiB.
func resident(pid int) int {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // 0 where there is none
	for line := range strings.Lines(string(content)) {
		if kib, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, _ := strconv.Atoi(strings.Fields(kib)[0])
			return n >> 10
		}
	}
	return 0
}
