package layout

import "testing"

// A page with nothing on it has an order.
func TestOrderOfNothing(t *testing.T) {
	t.Parallel()
	if got := Order(nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
