package layout

// answer is what tags say to a question, if they say anything.
type answer uint8

const (
	unknown answer = iota
	yes
	no
)

func (g *grouper) sameTag(a, b *textLine) answer { return unknown }

func (f *flow) applyTags() {}
