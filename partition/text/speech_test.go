package text

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
)

// TestOtherScripts holds that two sentences are a narrative in scripts that end them with marks of their own.
func TestOtherScripts(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"नदी का जल स्तर गिर रहा है। पुल के पास पानी कम है।":      2,
		"دریا کا پانی کم ہو رہا ہے۔ پل کے پاس پانی کم ہے۔":       2,
		"Գետի ջուրը նվազում է այսօր։ Կամրջի մոտ ջուր չկա։":       2,
		"नदी का जल स्तर गिर रहा है।":                             1,
		"河水正在下降。桥边水很少。":                                          0, // no spaces, so no words to count
		"The water falls again. It rose for a week before. Yes.": 2,
	} {
		if got := sentences(s, 3); got != want {
			t.Errorf("%s: %d sentences, want %d", s, got, want)
		}
	}
	if got, _, _ := Classify("नदी का जल स्तर गिर रहा है। पुल के पास पानी कम है।"); got != element.NarrativeText {
		t.Error(got)
	}
}

func TestEquals(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]element.Type{
		"harbour (2.9-8) unstable; urgency=low": element.NarrativeText, "harbour (2.9-8) unstable; urgency = low": element.Title,
	} {
		if got, _, _ := Classify(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

// TestMarkup has source lines: the words in angles count, three attributes are a verb.
func TestMarkup(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]element.Type{
		`<link href="gates.css" rel="stylesheet" type="text/css" />`: element.NarrativeText,
		`<div class="footer">`: element.Title,
	} {
		if got, _, _ := Classify(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

// TestOtherLanguage has running text that the tagger finds no verb in.
func TestOtherLanguage(t *testing.T) {
	t.Parallel()
	long := "Ⲡⲁ " + strings.Repeat("ⲙⲉⲛ ⲟⲩⲛ ", 16)
	for s, want := range map[string]bool{long: true, long[:60]: false, long + "the": false} {
		if got := isOtherLanguage(tokens(s)); got != want {
			t.Errorf("%s: %v, want %v", s, got, want)
		}
	}
}
