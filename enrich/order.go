package enrich

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/element"
)

// inOrder runs work over a stream, n elements at once, and gives the results back in the stream's order through done. It holds
// at most twice n elements, and leaves nothing running behind it.
func inOrder(ctx context.Context, in iter.Seq2[element.Element, error], n int, work func(context.Context, element.Element) result,
	done func(result) (element.Element, error)) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		slots := make(chan struct{}, n)
		var line []chan result // of the elements under way, in order
		defer func() {
			cancel()
			for _, c := range line {
				<-c
			}
		}()
		// next waits for the oldest element.
		next := func() bool {
			r := <-line[0]
			line = line[1:]
			e, err := done(r)
			if err != nil {
				yield(element.Element{}, err)
				return false
			}
			return yield(e, nil)
		}
		for e, err := range in {
			if err != nil {
				yield(element.Element{}, err)
				return
			}
			c := make(chan result, 1)
			line = append(line, c)
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				c <- result{e: e, err: context.Cause(ctx)}
				yield(element.Element{}, context.Cause(ctx))
				return
			}
			go func() {
				defer func() { <-slots }()
				c <- work(ctx, e)
			}()
			for len(line) >= 2*n {
				if !next() {
					return
				}
			}
		}
		for len(line) > 0 {
			if !next() {
				return
			}
		}
	}
}
