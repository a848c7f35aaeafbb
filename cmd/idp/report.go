package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"huskyidp/provider"
)

// ReportCmd is "idp report".
type ReportCmd struct {
	CMS ReportCMSCmd `cmd:"" name:"cms" help:"How many members let apps of their choice have health data in a year (42 CFR 431.60(h))."`
}

// ReportCMSCmd is "idp report cms".
type ReportCMSCmd struct {
	Year     int    `required:"" help:"Calendar year, such as 2026."`
	TimeZone string `env:"IDP_TIME_ZONE" default:"America/New_York" help:"In which the year begins and ends."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// begin returns the first instant of the year.
func (c *ReportCMSCmd) begin(now time.Time) (zone *time.Location, from time.Time, err error) {
	if zone, err = time.LoadLocation(c.TimeZone); err != nil {
		return nil, time.Time{}, fmt.Errorf("--time-zone: must be a time zone such as America/New_York")
	}
	from = time.Date(c.Year, time.January, 1, 0, 0, 0, 0, zone)
	if c.Year < 2000 || from.After(now) {
		return nil, time.Time{}, fmt.Errorf("--year: must be between 2000 and %d", now.In(zone).Year())
	}
	return zone, from, nil
}

// Validate reports a wrong call.
func (c *ReportCMSCmd) Validate() error {
	_, _, err := c.begin(time.Now())
	return err
}

// Run prints the counts, the apps, and whose access was ended.
func (c *ReportCMSCmd) Run(ctx context.Context, env *Environment) error {
	zone, from, err := c.begin(env.Now())
	if err != nil {
		return err
	}
	now := env.Now()
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	to := from.AddDate(1, 0, 0)
	access, err := clients.PatientAccess(ctx, from, to)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, struct {
			Year int `json:"year"`
			provider.PatientAccess
		}{c.Year, access})
	}
	so := ""
	if to.After(now) {
		so = " so far"
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "Members who let an app of their choice have health data in %d%s\t%d\n", c.Year, so, access.Members)
	fmt.Fprintf(table, "  of these, more than once\t%d\n", access.MoreThanOnce)
	fmt.Fprintf(table, "  of these, more than one app\t%d\n", access.MoreThanOneApp)
	table.Flush()
	fmt.Fprintln(table, "\nMEMBERS\tAPP")
	for _, app := range access.Apps {
		fmt.Fprintf(table, "%d\t%s (%s)\n", app.Members, app.Name, app.ClientID)
	}
	table.Flush()
	fmt.Fprintln(table, "\nAT\tACCESS\tAPP\tREASON")
	for _, f := range access.Refused {
		act := "given back"
		if f.Ended {
			act = "ended"
		}
		reason := f.Reason
		if reason == "" {
			reason = "none was given"
		}
		fmt.Fprintf(table, "%s\t%s\t%s (%s)\t%s\n", f.At.In(zone).Format(time.DateOnly), act, f.Name, f.ClientID, reason)
	}
	return table.Flush()
}
