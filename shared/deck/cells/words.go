package cells

import (
	"bytes"
	"unicode/utf8"
)

// maxWords is how long a cell of words may be to be looked up.
const maxWords = 64

// folded is the text of a cell as it is looked up: letters in lower case and
// without accents, each run of anything else but digits one space.
type folded struct {
	buf [maxWords]byte
	n   int
}

// fold reports false where the text is longer than any that is known, or is
// written in letters that none of the known words has.
func (f *folded) fold(text []byte) bool {
	f.n = 0
	gap := false
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c >= 0x300 && c <= 0x36f:
			continue // an accent that stands behind its letter
		case c < utf8.RuneSelf, blank(c), dash(c):
			gap = f.n > 0
			continue
		default:
			if c = plainLetter(c); c == 0 {
				return false
			}
		}
		if gap && f.n < maxWords {
			f.buf[f.n] = ' '
			f.n++
		}
		if gap = false; f.n == maxWords {
			return false
		}
		f.buf[f.n] = byte(c)
		f.n++
	}
	return true
}

func (f *folded) text() []byte { return f.buf[:f.n] }

// plainLetter returns a letter of western Europe without its accent, in lower
// case; 0 for any other.
func plainLetter(c rune) rune {
	if c >= 'À' && c <= 'Þ' {
		c += 'à' - 'À'
	}
	switch c {
	case 'à', 'á', 'â', 'ã', 'ä', 'å':
		return 'a'
	case 'ç':
		return 'c'
	case 'è', 'é', 'ê', 'ë':
		return 'e'
	case 'ì', 'í', 'î', 'ï':
		return 'i'
	case 'ñ':
		return 'n'
	case 'ò', 'ó', 'ô', 'õ', 'ö':
		return 'o'
	case 'ù', 'ú', 'û', 'ü':
		return 'u'
	case 'ß':
		return 's'
	}
	return 0
}

// Action is what a row of an upload asks for (Sippy: tariff upload actions).
type Action uint8

// The actions: None (a blank cell: the row is ignored, so that a download
// uploads as nothing to do), A, D, U, S, and SA or AS.
const (
	None Action = iota
	Add
	Delete
	Update
	Set
	SetOrAdd
)

var actionLetters = [...]string{"", "A", "D", "U", "S", "SA"}

// String returns the letters of the action.
func (a Action) String() string {
	if int(a) < len(actionLetters) {
		return actionLetters[a]
	}
	return "?"
}

// ParseAction reads the cell of an action column, in letters of either case.
func ParseAction(cell []byte) (Action, error) {
	text := Unwrap(cell)
	switch {
	case len(text) == 0:
		return None, nil
	case bytes.EqualFold(text, []byte("AS")):
		return SetOrAdd, nil
	}
	for a, letters := range actionLetters {
		if bytes.EqualFold(text, []byte(letters)) {
			return Action(a), nil
		}
	}
	return None, &wantAction
}

var wantAction = Want{"A (add), D (delete), U (update by id), S (set by prefix), SA (set or add), or nothing to leave the rate alone"}

// Change is what a carrier says of a row: how it differs from the deck before.
type Change uint8

// The changes: Unsaid of an empty cell, Other of words that are not known. The
// names of the two about blocking leave Blocked to prices.
const (
	Unsaid Change = iota
	New
	Increase
	Decrease
	Unchanged
	Closed
	ChangeBlocked
	ChangeUnblocked
	Other
)

var changeNames = [...]string{"", "new", "increase", "decrease", "unchanged", "closed", "blocked", "unblocked", "other"}

// String returns the change in lower case; "" for Unsaid.
func (c Change) String() string {
	if int(c) < len(changeNames) {
		return changeNames[c]
	}
	return "?"
}

// ParseChange reads the words of a change column in English, German, French,
// Spanish, Italian and Portuguese. Words that only say what has changed ("rate
// increase", "code deleted") are passed over. Words of two meanings (baja is a
// fall in price, and the end of a service) are Other.
func ParseChange(cell []byte) Change {
	text := Unwrap(cell)
	if len(text) == 0 {
		return Unsaid
	}
	var f folded
	if !f.fold(text) || f.n == 0 {
		return Other
	}
	if c := changeOf(f.text()); c != Other {
		return c
	}
	var kept [maxWords]byte
	core, priced := kept[:0], false
	for rest := f.text(); len(rest) > 0; {
		var word []byte
		word, rest, _ = bytes.Cut(rest, []byte(" "))
		switch string(word) {
		case "rate", "rates", "price", "prices", "pricing", "cost", "tarif", "tariff", "preis", "preise", "prix", "precio", "prezzo", "preco", "tarifa", "tariffa":
			priced = true
		case "code", "codes", "prefix", "destination", "breakout", "dialcode", "dial", "in", "of", "the", "is", "has", "been", "de", "du", "del", "di", "do":
		default:
			if digit(word[0]) {
				continue // by how much: "increase 5%"
			}
			if len(core) > 0 {
				core = append(core, ' ')
			}
			core = append(core, word...)
		}
	}
	c := changeOf(core)
	if c == New && priced {
		return Other // a new rate may be that of an old destination
	}
	return c
}

// changeOf looks up folded words.
func changeOf(words []byte) Change {
	switch string(words) {
	case "new", "added", "add", "addition", "launch", "launched",
		"neu", "hinzugefugt", "nouveau", "nouvelle", "ajoute", "ajout", "nuevo", "nueva", "anadido",
		"nuovo", "nuova", "aggiunto", "novo", "nova", "adicionado":
		return New
	case "increase", "increased", "inc", "incr", "up", "higher", "raise", "raised", "increasing",
		"erhoht", "erhohung", "hoher", "teurer", "augmentation", "augmente", "hausse",
		"aumento", "aumentado", "aumentato", "subida", "sube", "incremento", "incrementado":
		return Increase
	case "decrease", "decreased", "dec", "decr", "down", "lower", "lowered", "reduced", "reduction", "decreasing",
		"gesenkt", "senkung", "niedriger", "billiger", "gunstiger", "diminution", "diminue", "baisse", "reduit",
		"disminucion", "disminuye", "reducido", "reduccion", "bajada", "diminuzione", "diminuito", "ridotto", "riduzione", "ribasso",
		"diminuicao", "reduzido", "reducao", "queda":
		return Decrease
	case "unchanged", "no change", "no changes", "not changed", "same", "current", "existing", "no", "nochange", "none", "stable", "constant", "static",
		"unverandert", "gleich", "keine anderung", "keine anderungen", "aktuell", "inchange", "inchangee", "sans changement", "pas changement", "identique", "actuel",
		"sin cambio", "sin cambios", "igual", "actual", "vigente", "invariato", "invariata", "nessuna variazione", "senza variazioni", "attuale", "uguale",
		"sem alteracao", "sem alteracoes", "inalterado", "mantido", "atual", "sin variacion":
		return Unchanged
	case "closed", "close", "closing", "deleted", "delete", "deletion", "discontinued", "discontinue", "withdrawn", "withdraw", "withdrawal", "removed", "remove",
		"removal", "expired", "terminated", "ended", "ceased", "dropped", "disconnected",
		"geschlossen", "geloscht", "entfernt", "gekundigt", "eingestellt", "entfallt", "entfallen", "beendet",
		"ferme", "fermee", "supprime", "supprimee", "suppression", "retire", "retiree", "fermeture",
		"cerrado", "cerrada", "eliminado", "eliminada", "suprimido", "suprimida", "retirado", "retirada", "borrado",
		"chiuso", "chiusa", "eliminato", "eliminata", "rimosso", "rimossa", "cessato", "cessata", "soppresso",
		"fechado", "fechada", "encerrado", "encerrada", "removido", "removida", "excluido", "excluida":
		return Closed
	case "unblocked", "unblock", "unbarred", "reopened", "entsperrt", "freigegeben", "debloque", "debloquee", "desbloqueado", "desbloqueada", "sbloccato", "sbloccata":
		return ChangeUnblocked
	}
	if blockedWord(words) {
		return ChangeBlocked
	}
	return Other
}

// blockedWord reports whether folded words say that a prefix is not to be
// called (Kolmisoft: Blocked Rates; Sippy: Forbidden).
func blockedWord(words []byte) bool {
	switch string(words) {
	case "blocked", "block", "forbidden", "barred", "prohibited", "gesperrt", "blockiert", "verboten",
		"bloque", "bloquee", "interdit", "interdite", "bloqueado", "bloqueada", "prohibido", "prohibida",
		"bloccato", "bloccata", "vietato", "vietata", "proibido", "proibida":
		return true
	}
	return false
}

// ParseFlag reads a yes or no: 1 and 0, the words for yes and no and for true
// and false in the languages of ParseChange, and those for blocked and
// unblocked. An empty cell is no.
func ParseFlag(cell []byte) (on bool, err error) {
	text := Unwrap(cell)
	if len(text) == 0 {
		return false, nil
	}
	if len(text) == 1 && (text[0] == '0' || text[0] == '1') {
		return text[0] == '1', nil
	}
	var f folded
	if f.fold(text) {
		switch string(f.text()) {
		case "true", "yes", "y", "on", "ja", "j", "wahr", "oui", "vrai", "si", "verdadero", "vero", "sim", "verdadeiro":
			return true, nil
		case "false", "no", "n", "off", "nein", "falsch", "non", "faux", "falso", "nao",
			"unblocked", "unblock", "allowed", "unbarred", "entsperrt", "debloque", "desbloqueado", "sbloccato":
			return false, nil
		}
		if blockedWord(f.text()) {
			return true, nil
		}
	}
	return false, &wantFlag
}

var wantFlag = Want{"1 or 0, yes or no, true or false, or blocked"}

// ParseName reads a name of at most max bytes: white space and control
// characters are one space each run, none at the ends. An apostrophe that only
// keeps a spreadsheet from computing the name ('=…, '+…, '-…, '@…) is not part
// of it; any other is.
func ParseName(cell []byte, max int) (string, error) {
	text := trim(cell)
	if inner, wrapped := unwrap(text); wrapped && (text[0] == '=' || len(inner) > 0 && bytes.IndexByte([]byte("=+-@"), inner[0]) >= 0) {
		text = inner
	}
	if !utf8.Valid(text) {
		return "", &Want{"a name in UTF-8"}
	}
	if !tidy(text) {
		text = tidied(text)
	}
	if len(text) > max {
		return "", want("a name of at most %d bytes", max)
	}
	return string(text), nil
}

// tidy reports whether a name is stored as it is: printable ASCII with single
// spaces. Others may be too, and are only looked at more closely.
func tidy(text []byte) bool {
	for i, c := range text {
		if c < ' ' || c >= 0x7f || c == ' ' && text[i-1] == ' ' {
			return false
		}
	}
	return true
}

func tidied(text []byte) []byte {
	return bytes.Join(bytes.FieldsFunc(text, func(c rune) bool { return blank(c) || c < ' ' || c >= 0x7f && c < 0xa0 }), []byte(" "))
}
