package simulate

import (
	"fmt"
	"strings"
	"unicode"
)

func firstNames() []string {
	return strings.Fields(`Amelia Noah Olivia Liam Emma Ethan Ava Lucas Sofía Mateo Chloé Hugo Léa Jürgen Anneliese
		Björn Åsa Søren Zoë Siobhán Niamh Oisín Tomasz Małgorzata Wojciech Ondřej Zdeněk Žofie Olena Andrii
		Dmytro Ayşe Çağlar Fatima Omar Layla Yusuf Priya Arjun Ananya Rahul Wei Yuki Haruto Min-jun Seo-yeon
		Ngozi Chidi Thabo Aroha Keanu José Inês João Grace Henry Marta Isaac Carmen Dawit Linh Nguyệt`)
}

func lastNames() []string {
	return strings.Fields(`Adeyemi Åström Bakker Brown Castañeda Chen Cohen Costa Dubois Dvořák Evans Fischer
		García González Haddad Hansen Ibrahim Ivanova Johnson Jovanović Kaya Kim Kowalski Łukasik MacLeod
		Martínez Mbeki Müller Murphy Nakamura Nguyen Novák Núñez O'Brien Ødegård Okafor Park Patel Petrov
		Pham Rossi Roy Šimek Schmidt Schröder Silva Singh Smith Sørensen Tanaka Tremblay Ünal Vargas Wang
		Weiß Williams Wilson Wright Yılmaz Zhang`)
}

// hostileNames are display names that people really have or set, and that break a
// careless CSV, spreadsheet, Slack message or web page.
func hostileNames() []string {
	return []string{
		`O'Neill, Patrick "Paddy"`,
		`=HYPERLINK("http://prize.example","Click me")`,
		`+1+cmd|' /C calc'!A0`,
		`-2+3+SUM(A1:A9)`,
		`@SUM(1+1)*cmd`,
		`<!channel> *URGENT* <https://x.example|open>`,
		`<@U0123ABCD> & _Friends_ ~struck~`,
		`<script>alert('x')</script>`,
		`Zoë "Zed" Ångström; DROP TABLE usage; --`,
		`עדי לוי`,
		`محمد الأحمد`,
		`李小龍`,
		`Ольга Їжакевич`,
		`Renée 🎧 (Conference, Room "B", 2nd floor)`,
		"Tab\tbed Name",
		"{{organizer}} %s %n ${HOME}",
	}
}

// person makes a display name and a sign-in name that is unique within a tenant.
func (t *tenant) person(d *dice, index int, firsts, lasts []string) (name, upn string) {
	f, l := pick(d, firsts), pick(d, lasts)
	return f + " " + l, t.address(fmt.Sprintf("%s.%s%d", plain(f), plain(l), index))
}

// plain spells a name with ASCII letters, as mail addresses want it.
func plain(s string) string {
	folds := map[rune]string{
		'å': "a", 'á': "a", 'ã': "a", 'ą': "a", 'ç': "c", 'č': "c", 'ć': "c", 'é': "e", 'ë': "e", 'ě': "e", 'ệ': "e", 'ê': "e",
		'í': "i", 'ı': "i", 'ł': "l", 'ñ': "n", 'ń': "n", 'ö': "o", 'ø': "o", 'ó': "o", 'ğ': "g", 'ř': "r", 'š': "s", 'ş': "s",
		'ß': "ss", 'ü': "u", 'ú': "u", 'ž': "z",
	}
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case folds[r] != "":
			b.WriteString(folds[r])
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || r == '-'):
			b.WriteRune(r)
		}
	}
	return b.String()
}
