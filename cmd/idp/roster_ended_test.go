package main

import (
	"fmt"
	"strings"
	"testing"
)

// Whom a file ends by INS03 024 is named like those who are not in it.
func TestMembersWhomAFileEnds(t *testing.T) {
	env, _, stderr := commandEnvironment(t)
	if err := (&RosterImportCmd{File: writeFile(t, "member_number,first_name,last_name,birth_date\n900000610,ANAK,RUIZ,1984-03-14\n900000611,NOAH,SOTO,1985-05-17\n"), Separator: "auto"}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	set := "ST*834*0001*005010X220A1~BGN*00*X*20261124*0000****2~"
	for _, number := range []string{"900000610*18*ANAK*RUIZ*19840314", "900000611*18*NOAH*SOTO*19850517"} {
		part := strings.Split(number, "*")
		set += "INS*Y*18*024*25*A~REF*0F*" + part[0] + "~DTP*357*D8*20201120~NM1*IL*1*" + part[3] + "*" + part[2] + "~DMG*D8*" + part[4] + "~"
	}
	file := fmt.Sprintf("ISA*00*%10s*00*%10s*ZZ*%-15s*ZZ*%-15s*261124*0000*^*00501*000000007*0*P*:~GS*BE*A*B*20261124*0000*42*X*005010X220A1~%sSE*%d*0001~GE*1*42~IEA*1*7~",
		"", "", "A", "B", set, strings.Count(set, "~")+1)
	for _, test := range []struct {
		showEnded  bool
		showFaults int
		says       string
	}{
		{true, 20, "900000610 is ended by the file\n900000611 is ended by the file\n"},
		{true, 1, "900000610 is ended by the file\n1 more members whom the file ends (--show-faults=-1 prints all)\n"},
		{false, 20, "2 members are ended by the file (--show-ended names them)\n"},
	} {
		stderr.Reset()
		cmd := &RosterImportCmd{File: writeFile(t, file), Separator: "auto", MemberRef: "0F", ShowEnded: test.showEnded, ShowFaults: test.showFaults, DryRun: true, AllowShrink: true}
		if err := cmd.Run(t.Context(), env); err != nil || stderr.String() != test.says {
			t.Errorf("%+v: %v, %q", test, err, stderr)
		}
	}
}
