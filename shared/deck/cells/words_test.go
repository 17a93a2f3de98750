package cells

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestUnwrap(t *testing.T) {
	for _, c := range [][2]string{
		{"44", "44"}, {" 44 ", "44"}, {"\t44\r\n", "44"}, {"\u00a044\u202f", "44"}, {"\ufeff44\u200b", "44"}, {"\u300044", "44"},
		{`="0044"`, "0044"}, {`=" 44 "`, "44"}, {"'44", "44"}, {"' 44", "44"}, {` ="44" `, "44"},
		{"", ""}, {" ", ""}, {"'", ""}, {`=""`, ""}, {"=44", "=44"}, {`="44`, `="44`}, {"é", "é"}, {"a'b", "a'b"},
	} {
		if got := string(Unwrap([]byte(c[0]))); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

func TestActions(t *testing.T) {
	for cell, want := range map[string]Action{"": None, " ": None, "A": Add, "a": Add, "D": Delete, "u": Update, "S": Set, "SA": SetOrAdd, "as": SetOrAdd, " sA ": SetOrAdd} {
		if got, err := ParseAction([]byte(cell)); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", cell, got, err, want)
		}
	}
	for _, cell := range []string{"X", "AA", "Add", "0"} {
		if got, err := ParseAction([]byte(cell)); got != None || err == nil || !strings.Contains(err.Error(), "A (add), D (delete)") {
			t.Errorf("%q: got %s, %v", cell, got, err)
		}
	}
}

func TestChanges(t *testing.T) {
	for want, cells := range map[Change]string{
		Unsaid:          "| |\u00a0",
		New:             "New|NEW|new code|Added|Neu|Nouveau|Nueva|Nuovo|Novo",
		Increase:        "Increase|increased|Rate Increase|price increase|Increase in rate|Up|Increase (5%)|Erhöhung|Augmentation|Aumento|Hausse",
		Decrease:        "Decrease|DECREASED|Rate decrease|down|reduced|Senkung|Baisse|Réduction|Disminución|Riduzione|Redução",
		Unchanged:       "Unchanged|No change|no-change|No Change in rate|Current|same|unverändert|Inchangé|Sans changement|Sin cambios|Invariato|Sem alteração",
		Closed:          "Closed|DELETED|Code deleted|Discontinued|Withdrawn|removed|Geschlossen|gelöscht|Supprimé|Fermé|Eliminado|Cerrado|Chiuso|Encerrado|Excluído",
		ChangeBlocked:   "Blocked|forbidden|Barred|Gesperrt|Bloqué|Bloqueado|Bloccato",
		ChangeUnblocked: "Unblocked|Débloqué|Sbloccato|desbloqueado",
		Other:           "New rate|baja|5%|↑|pending|???|Increase and closed|" + strings.Repeat("increase ", 20),
	} {
		for cell := range strings.SplitSeq(cells, "|") {
			if got := ParseChange([]byte(cell)); got != want {
				t.Errorf("%q: got %q, want %q", cell, got, want)
			}
		}
	}
}

func TestFlags(t *testing.T) {
	for cell := range strings.SplitSeq("1|yes|Y|TRUE|on|ja|Wahr|oui|Sí|sim|vero|blocked|Forbidden|gesperrt|bloqué| 1 ", "|") {
		if on, err := ParseFlag([]byte(cell)); !on || err != nil {
			t.Errorf("%q: got %v, %v", cell, on, err)
		}
	}
	for cell := range strings.SplitSeq("|0|no|N|FALSE|off|nein|Falsch|non|faux|falso|não|unblocked|allowed|'0", "|") {
		if on, err := ParseFlag([]byte(cell)); on || err != nil {
			t.Errorf("%q: got %v, %v", cell, on, err)
		}
	}
	for cell := range strings.SplitSeq("2|maybe|-1|x|yes no", "|") {
		if _, err := ParseFlag([]byte(cell)); err == nil || err.Error() != wantFlag.Error() {
			t.Errorf("%q: %v", cell, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range [][2]string{
		{"Germany", "Germany"}, {"  United   Kingdom\t- Mobile ", "United Kingdom - Mobile"}, {"a\nb", "a b"}, {"a\x00b", "a b"}, {"a\u00a0b", "a b"},
		{"Côte d’Ivoire", "Côte d’Ivoire"}, {"", ""}, {" \t", ""},
		{"'s-Hertogenbosch", "'s-Hertogenbosch"}, {"'=SUM(1)", "=SUM(1)"}, {"'+44", "+44"}, {"'-x", "-x"}, {"'@x", "@x"}, {`="Fiji"`, "Fiji"}, {"-x", "-x"},
	} {
		if got, err := ParseName([]byte(c[0]), 40); err != nil || got != c[1] {
			t.Errorf("%q: got %q, %v, want %q", c[0], got, err, c[1])
		}
	}
	if _, err := ParseName([]byte("12345678901"), 10); err == nil || err.Error() != "want a name of at most 10 bytes" {
		t.Errorf("too long: %v", err)
	}
	if got, err := ParseName([]byte(" 12345    67890 "), 11); err != nil || got != "12345 67890" {
		t.Errorf("spaces that are not stored: %q, %v", got, err)
	}
	if _, err := ParseName([]byte("a\xff"), 10); err == nil || err.Error() != "want a name in UTF-8" {
		t.Errorf("no UTF-8: %v", err)
	}
}

// A name that was read once is read as it is.
func TestNamesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, err := ParseName([]byte(rapid.String().Draw(t, "cell")), 1000)
		if err != nil {
			t.Skip(err)
		}
		if again, err := ParseName([]byte("x "+name), 1000); err != nil || name != "" && again != "x "+name || !utf8.ValidString(name) {
			t.Fatalf("%q: again %q, %v", name, again, err)
		}
	})
}

// Cells of every kind are looked up without allocating.
func TestCellsDoNotAllocate(t *testing.T) {
	var dates DateEvidence
	var prices PriceEvidence
	date, price, increments, change, flag, action := []byte("23/09/2026"), []byte(" 0.0495"), []byte("60/1"), []byte("Rate increase"), []byte("Yes"), []byte("SA")
	dates.See(1, date)
	codes, code := make([]string, 0, 1), []byte("+49152")
	if n := testing.AllocsPerRun(100, func() {
		dates.See(1, date)
		prices.See(1, price)
		_, _, err1 := ParseDate(date, DayFirst, nil)
		_, _, err2 := ParsePrice(price, PriceRules{})
		_, err3 := ParseIncrements(increments, IncrementRules{}, 1000)
		_, err4 := ParseFlag(flag)
		_, err5 := ParseAction(action)
		if ParseChange(change) != Increase || err1 != nil || err2 != nil || err3 != nil || err4 != nil || err5 != nil {
			t.Error(err1, err2, err3, err4, err5)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := AppendCodes(codes, code, CodeRules{}); err != nil {
			t.Error(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations for a code", n)
	}
}
