package main

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// typedValues are kong's readers of values, with errors in an operator's words.
func typedValues() []kong.Option {
	known := kong.NewRegistry().RegisterDefaults()
	number := func(zero any) kong.Mapper {
		return inWords(known.ForType(reflect.TypeOf(zero)), func(value any, _ error) error {
			return fmt.Errorf("%q is not a whole number, such as 2026", value)
		})
	}
	options := []kong.Option{
		kong.KindMapper(reflect.Int, number(0)), kong.KindMapper(reflect.Uint64, number(uint64(0))),
		kong.TypeMapper(reflect.TypeFor[time.Time](), inWords(known.ForType(reflect.TypeFor[time.Time]()), func(value any, _ error) error {
			return fmt.Errorf("%q is not a time: write day, hour and zone, as in 2026-11-29T00:00:00Z or 2026-11-29T00:00:00-05:00", value)
		})),
	}
	for _, name := range []string{"existingfile", "existingdir"} {
		options = append(options, kong.NamedMapper(name, inWords(known.ForNamedType(name, reflect.TypeFor[string]()), func(value any, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return fmt.Errorf("there is no such file or folder: %s", value)
			case errors.Is(err, fs.ErrPermission):
				return fmt.Errorf("%s cannot be read: permission denied", value)
			case err != nil && strings.HasSuffix(err.Error(), "is a directory"):
				return fmt.Errorf("%s is a folder, and must be a file", value)
			case err != nil && strings.HasSuffix(err.Error(), "is not a directory"):
				return fmt.Errorf("%s is a file, and must be a folder", value)
			}
			return err
		})))
	}
	return options
}

// inWords replaces the error of a reader. A value that is missing keeps its own.
func inWords(m kong.Mapper, words func(value any, err error) error) kong.Mapper {
	return kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		token := ctx.Scan.Peek()
		err := m.Decode(ctx, target)
		if err == nil || token.IsEOL() || token.InferredType().IsAny(kong.FlagToken, kong.ShortFlagToken) {
			return err
		}
		return words(token.Value, err)
	})
}

// blankValue returns an error for an argument or flag that was given without text: in a script a variable is not set, and
// what the command does then is not what was meant.
func blankValue(command *kong.Context) error {
	for _, part := range command.Path {
		value := part.Positional
		if part.Flag != nil {
			value = part.Flag.Value
		}
		if value == nil || part.Resolved || !isBlank(command.Value(part)) {
			continue
		}
		name := "<" + value.Name + ">"
		if part.Flag != nil {
			name = "--" + value.Name
		}
		return fmt.Errorf("%s: is empty", name)
	}
	return nil
}

func isBlank(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return strings.TrimSpace(v.String()) == ""
	case reflect.Slice:
		for i := range v.Len() {
			if isBlank(v.Index(i)) {
				return true
			}
		}
	}
	return false
}
