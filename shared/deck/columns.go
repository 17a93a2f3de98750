package deck

import "slices"

// meaning is what a column holds.
type meaning int

const (
	prefix meaning = iota
	destination
	country // serves as destination where no other column does
	price   // price 1 and price N in one
	price1
	priceN
	interval1
	intervalN
	interval         // both intervals, one number
	increments       // both, as in 60/1
	billingIncrement // as increments, or interval N alone
	connectionFee
	blocked
	status
	kind
	service
	unit
	inter
	intra
	indeterminate
	minimum
	minCharge
	maxCharge
	grace
	free
	access
	from
	to
	band
	origin
	tag
	area
	localPrice // local price 1 and price N in one
	local1
	localN
	localInterval1
	localIntervalN
	network          // what of a country a row is for, where no column has the whole name
	countryCode      // in front of the codes of another column
	codeTo           // the last code of a range that begins with the prefix
	originPrefix     // of callers
	change           // a carrier's word for how the row differs from the deck before
	action           // A, D, U, S, SA
	id               // of the rate that an action is for
	discontinued     // a flag: withdrawn
	currencyCode     // of the row's prices
	meanings     int = iota
)

const maxColumns = 512

// columns names each meaning as the report does, with the headers that claim
// it: those of the switches and billing systems whose decks are in circulation
// (ASTPP, A2Billing, OV500, IVOZ Provider, Asterisell, Sippy, ConnexCS, 46labs,
// the open rate card), and the words of carriers in English, German, French,
// Spanish, Italian, Portuguese and Dutch. Accents do not matter.
var columns = [meanings]struct {
	name    string
	aliases []string
}{
	prefix: {"prefix", []string{"prefix", "prefixes", "code", "codes", "dial code", "dial codes", "dialing code", "dialling code",
		"destination code", "destination codes", "destination prefix", "destination prefixes", "area code", "area codes", "dial prefix",
		"number prefix", "breakout", "breakouts", "dst code", "dst codes", "code 1", "code from", "did", "npanxx", "lrn prefix",
		"vorwahl", "vorwahlen", "rufnummer", "prefixe", "indicatif", "indicatifs", "prefijo", "prefijos", "codigo", "codigos",
		"prefisso", "prefissi", "codice", "codici", "prefixo", "prefixos", "kengetal", "netnummer"}},
	destination: {"destination", []string{"destination", "destination name", "name", "description", "target pattern name", "did name", "zone",
		"code name", "dst code name", "traffic direction",
		"ziel", "bezeichnung", "destino", "destinazione", "bestemming", "libelle"}},
	country: {"country", []string{"country", "country name", "land", "pays", "pais", "paese"}},
	network: {"network", []string{"network", "operator", "network name", "netz", "netzbetreiber", "reseau", "operateur", "red", "operador", "rete", "operatore", "rede", "netwerk"}},
	price: {"price", []string{"price", "price min", "price per min", "price per minute", "rate", "rate min", "rate per min",
		"rate per minute", "cost", "cost min", "cost per min", "cost per minute", "per minute charge", "ppm", "call rate", "new rate", "new price",
		"buy rate", "preis", "tarif", "minutenpreis", "preis pro minute", "preis min", "prix", "prix min", "prix par minute", "precio", "precio min", "precio por minuto",
		"tarifa", "prezzo", "prezzo min", "prezzo al minuto", "tariffa", "preco", "preco min", "preco por minuto", "prijs", "prijs per minuut", "tarief"}},
	price1: {"price_1", []string{"price 1"}},
	priceN: {"price_n", []string{"price n"}},
	interval1: {"interval_1", []string{"interval 1", "first interval", "mcd", "initial", "initial increment", "initial interval", "init block",
		"min", "minimum", "minimal", "min time", "minimum time", "minimum duration"}},
	intervalN: {"interval_n", []string{"interval n", "pulse", "increment", "next increment", "subsequent", "resolution",
		"resolution time", "billing interval", "next interval"}},
	interval: {"interval", []string{"charge period"}},
	increments: {"increments", []string{"increments", "billing", "billing increments", "taktung", "takt", "facturation", "palier", "facturacion",
		"incrementos", "fatturazione", "scatti", "faturacao", "facturering"}},
	billingIncrement: {"billing_increment", []string{"billing increment", "interval"}},
	connectionFee: {"connection_fee", []string{"connection fee", "connection charge", "connection cost", "connect", "connect fee",
		"connect cost", "rate connect", "setup", "setup fee", "ppc", "verbindungsentgelt", "frais de connexion", "frais d'etablissement",
		"cargo de conexion", "establecimiento", "scatto alla risposta", "costo di connessione", "taxa de conexao", "starttarief"}},
	blocked: {"blocked", []string{"blocked", "forbidden"}},
	status:  {"status", []string{"status"}},

	kind:          {"kind", []string{"kind", "kind of usage", "usage kind"}},
	service:       {"service", []string{"service"}},
	unit:          {"price_unit", []string{"price unit", "priced per", "per"}},
	inter:         {"inter", []string{"inter", "inter rate", "inter price", "rate (inter)", "interstate", "interstate rate", "interstate price"}},
	intra:         {"intra", []string{"intra", "intra rate", "intra price", "rate (intra)", "intrastate", "intrastate rate", "intrastate price"}},
	indeterminate: {"indeterminate", []string{"indeterminate", "indeterminate rate", "indeterminate price", "ij rate", "indet", "indet rate"}},
	minimum:       {"minimum_seconds", []string{"minimum seconds", "min seconds", "minimum billed seconds", "minimum units"}},
	minCharge:     {"minimum_charge", []string{"minimum charge", "min charge", "minimum cost", "min cost"}},
	maxCharge:     {"maximum_charge", []string{"maximum charge", "max charge", "maximum cost", "max cost"}},
	grace:         {"grace_period", []string{"grace period", "grace", "grace seconds", "grace period seconds", "grace time"}},
	free:          {"free_seconds", []string{"free seconds", "included seconds", "free units"}},
	access:        {"access_charge", []string{"access charge", "access"}},
	from: {"effective_from", []string{"effective from", "effective date", "effective", "effective on", "valid from", "activation date", "start date",
		"gultig ab", "gueltig ab", "date d'effet", "date effective", "valable a partir du", "fecha efectiva", "vigente desde", "valido desde",
		"data decorrenza", "decorrenza", "valido dal", "data efetiva", "valido a partir de", "ingangsdatum", "geldig vanaf"}},
	to: {"effective_to", []string{"effective to", "effective until", "valid to", "valid until", "expiration date", "expiry date", "end date",
		"gultig bis", "gueltig bis", "valable jusqu'au", "vigente hasta", "valido hasta", "valido fino al", "valido ate", "geldig tot"}},
	band:           {"band", []string{"band", "time band", "time slot"}},
	origin:         {"origin", []string{"origin", "origin group", "origin name", "origin zone", "src code name", "source name"}},
	tag:            {"tag", []string{"tag"}},
	area:           {"area", []string{"area", "area name"}},
	localPrice:     {"local_price", []string{"local price", "local rate"}},
	local1:         {"local_price_1", []string{"local price 1"}},
	localN:         {"local_price_n", []string{"local price n"}},
	localInterval1: {"local_interval_1", []string{"local interval 1"}},
	localIntervalN: {"local_interval_n", []string{"local interval n"}},

	countryCode:  {"country_code", []string{"country code", "country codes", "cc", "landesvorwahl", "landervorwahl", "code pays", "indicatif pays", "codigo de pais", "codigo pais", "codice paese", "landcode"}},
	codeTo:       {"prefix_to", []string{"code 2", "code to", "prefix to"}},
	originPrefix: {"origin_prefix", []string{"origin prefix", "origin prefixes", "origination prefix", "origination prefixes", "origin code", "origin codes", "src code", "src codes", "source prefix", "caller prefix", "a prefix"}},
	change: {"change", []string{"change", "changes", "change type", "change code", "rate change", "change status", "anderung", "aenderung", "changement", "cambio", "cambios",
		"variazione", "alteracao", "wijziging"}},
	action:       {"action", []string{"action"}},
	id:           {"id", []string{"id", "rate id"}},
	discontinued: {"discontinued", []string{"discontinued", "deleted"}},
	currencyCode: {"currency", []string{"currency", "currency code", "wahrung", "waehrung", "devise", "moneda", "valuta", "moeda"}},
}

// Column is a column that decks may have.
type Column struct {
	Name    string   // in reports
	Headers []string // that stand for it; case, spaces, _ - / . and a unit in parentheses do not matter
}

// Columns returns all columns that are read.
func Columns() []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = Column{c.name, slices.Clone(c.aliases)}
	}
	return out
}

// amounts are the columns that hold prices and fees.
var amounts = [...]meaning{price, price1, priceN, connectionFee, inter, intra, indeterminate, minCharge, maxCharge, localPrice, local1, localN}
