package rating

// Destination returns the name of the row that holds for usage: empty where
// none does, or where it has none.
func (p *Pricer) Destination(u *Usage) string {
	p.ask(u)
	r, reason := p.row()
	switch {
	case reason != "":
		return ""
	case r.named:
		return p.card.names.at(r.name)
	}
	number, _ := p.rated(u)
	return p.card.Destination(u.Kind, number[:r.digits])
}
