package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// ManCmd is "idp man".
type ManCmd struct{}

// Run prints the page in the format of man(7), made from the commands themselves.
func (ManCmd) Run(p *process, model *kong.Application) error {
	m := &manual{}
	m.line(`.TH IDP 8 "" "HUSKY Health" "System administration"`)
	m.line(".SH NAME")
	m.text("idp - " + strings.TrimSuffix(model.Help, "."))
	m.line(".SH SYNOPSIS")
	m.line(".B idp")
	m.text("COMMAND [ARGUMENTS] [FLAGS]")
	m.line(".SH COMMANDS")
	for _, leaf := range model.Leaves(true) {
		m.command(leaf)
	}
	m.line(".SH FLAGS OF ALL COMMANDS")
	m.flags(model.Flags)
	m.line(".SH ENVIRONMENT")
	for _, field := range fields() {
		m.term("IDP_"+field.Tag.Get("env"), field.Tag.Get("help"), field.Tag.Get("envDefault"))
	}
	m.text("A variable with _FILE behind its name holds the name of a file with the value.")
	m.line(".SH SIGNALS")
	m.term("SIGTERM, SIGINT", "idp serve drains and ends.", "")
	m.term("SIGHUP", "idp serve reloads its certificates.", "")
	m.line(".SH EXIT STATUS")
	m.text("0 if all went well, 1 if not, 2 if the command was not understood.")
	_, err := io.WriteString(p.stdout, m.String())
	return err
}

// manual is text with man(7) requests.
type manual struct{ strings.Builder }

func (m *manual) line(request string) { m.WriteString(request + "\n") }

// text writes plain text, escaping what roff would read as a request.
func (m *manual) text(text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(line)
		if strings.HasPrefix(line, ".") {
			line = `\&` + line
		}
		m.line(line)
	}
}

func (m *manual) term(name, help, value string) {
	m.line(".TP")
	m.WriteString(".B ")
	m.text(name)
	if value != "" {
		help += " (" + value + ")"
	}
	m.text(help)
}

func (m *manual) command(node *kong.Node) {
	m.WriteString(".SS ")
	m.text("idp " + strings.TrimSuffix(node.Summary(), " [flags]"))
	m.text(node.Help)
	if node.Detail != "" && node.Name != "serve" { // its table is the section ENVIRONMENT
		m.line(".PP")
		m.line(".nf")
		m.text(node.Detail)
		m.line(".fi")
	}
	for _, arg := range node.Positional {
		m.term(arg.Summary(), arg.Help, arg.Default)
	}
	m.flags(node.Flags)
}

func (m *manual) flags(flags []*kong.Flag) {
	for _, flag := range flags {
		if !flag.Hidden {
			m.term(fmt.Sprint(flag), flag.Help, flag.Default)
		}
	}
}
