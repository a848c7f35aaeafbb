package cardform

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/members"
	"huskyidp/templates"
)

type numbers struct{ members.NumberFormat }

func (n numbers) ParseMemberNumber(typed string) (string, error) { return n.ParseTyped(typed) }

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// Every field of the form arrives in the claim, and each kind of fault has words of its own in every language.
func TestParse(t *testing.T) {
	t.Parallel()
	set, err := templates.Load(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	right := url.Values{"birth_month": {"3"}, "birth_day": {"14"}, "birth_year": {"1984"}, "first_name": {"María José"}, "last_name": {"Núñez Peña"},
		"suffix": {"JR"}, "card_id": {"004 123 789"}}
	for _, test := range []struct{ field, typed, key string }{
		{"", "", ""},
		{"card_id", "004 123 789.", ""}, // dictated
		{"card_id", "004.123.789", ""}, {"card_id", "(004) 123,789", ""}, {"card_id", "ID: 004123789", ""}, {"card_id", "Núm. 004-123-789", ""}, {"card_id", "N.º #004123789", ""},
		{"card_id", "00412378O", "registration.personal.card_id_format"}, {"card_id", "004123789 ID", "registration.personal.card_id_format"},
		{"birth_day", "14.", ""},
		{"birth_day", "１４", ""}, {"birth_day", "014", ""}, {"birth_day", "14º", ""}, {"birth_day", "1 4", ""}, {"birth_month", "003", ""}, {"birth_year", "１９８４", ""},
		{"birth_day", "0", "registration.personal.birth_unreal"}, {"birth_day", "140", "registration.personal.day_missing"}, {"birth_year", "01984", ""},
		{"birth_year", "1984. ", ""},
		{"birth_month", "", "registration.personal.month_missing"},
		{"birth_month", "13", "registration.personal.month_missing"},
		{"birth_day", "", "registration.personal.day_missing"},
		{"birth_day", "32", "registration.personal.birth_unreal"},
		{"birth_year", "", "registration.personal.year_missing"},
		{"birth_year", "84", "registration.personal.year_missing"},
		{"birth_year", "2027", "registration.personal.birth_future"},
		{"first_name", " ", "registration.personal.first_missing"},
		{"first_name", "María 2", "registration.personal.name_characters"},
		{"last_name", "", "registration.personal.last_missing"},
		{"last_name", strings.Repeat("a", 101), "web.field.too_long"},
		{"suffix", "X", "web.field.bad_characters"},
		{"card_id", "", "registration.personal.card_id_missing"},
		{"card_id", "123", "registration.personal.card_id_format"},
		{"card_id", strings.Repeat("1", 65), "web.field.too_long"},
	} {
		form := url.Values{}
		for field, value := range right {
			form[field] = value
		}
		if test.field != "" {
			form[test.field] = []string{test.typed}
		}
		claim, problems := Parse(Read(form), now, 9, numbers{members.DefaultNumberFormat})
		if test.key == "" {
			want := members.Claim{FirstName: "María José", LastName: "Núñez Peña", Suffix: "JR", BirthDate: members.Date{Year: 1984, Month: 3, Day: 14}, MemberNumber: "004123789"}
			if diff := cmp.Diff(want, claim); diff != "" || len(problems) > 0 {
				t.Errorf("a right card: problems %v, claim (-want +got):\n%s", problems, diff)
			}
			continue
		}
		if len(problems) != 1 || problems[0].Key != test.key || !strings.HasPrefix(problems[0].Field, test.field[:5]) {
			t.Errorf("%s %q = %+v, want %s", test.field, test.typed, problems, test.key)
			continue
		}
		for _, lang := range set.Languages() {
			text := set.Text(lang, problems[0].Key, problems[0].Args)
			if text == "" || strings.Contains(text, "{") || strings.Contains(text, problems[0].Key) {
				t.Errorf("%s: the words of %s are %q", lang, test.key, text)
			}
		}
	}
	_, problems := Parse(members.Card{}, now, 9, numbers{members.DefaultNumberFormat})
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	if diff := cmp.Diff([]string{"registration.personal.birth_missing", "registration.personal.first_missing", "registration.personal.last_missing", "registration.personal.card_id_missing"}, keys); diff != "" {
		t.Errorf("an empty form (-want +got):\n%s", diff)
	}
}

// What is stored of a form that was not validated has a bound.
func TestClip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ñ", 300)
	got := Clip(members.Card{FirstName: long, CardID: "1"})
	if got.FirstName != strings.Repeat("ñ", 100) || got.CardID != "1" {
		t.Errorf("Clip = %+v", got)
	}
}
