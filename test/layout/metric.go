package main

import "math/bits"

// similarity is twice the longest common subsequence of two texts over the sum of their lengths: 1 for equal texts, 0 for texts
// without a common character. It is the normalised insert-and-delete distance, turned round.
func similarity(a, b []rune) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	return 2 * float64(common(a, b)) / float64(len(a)+len(b))
}

// common is the length of the longest common subsequence, found a machine word of a at a time (Hyyrö 2004).
func common(a, b []rune) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n + commonBits(a[n:], b[n:])
}

func commonBits(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	n := (len(a) + 63) / 64
	places := map[rune][]uint64{}
	for i, r := range a {
		p := places[r]
		if p == nil {
			p = make([]uint64, n)
			places[r] = p
		}
		p[i/64] |= 1 << (i % 64)
	}
	v := make([]uint64, n)
	for i := range v {
		v[i] = ^uint64(0)
	}
	for _, r := range b {
		p := places[r]
		if p == nil {
			continue
		}
		var carry uint64
		for i := range v {
			u := v[i] & p[i]
			var sum uint64
			sum, carry = bits.Add64(v[i], u, carry)
			v[i] = sum | (v[i] - u)
		}
	}
	zeros := 0
	for i, w := range v {
		if i == n-1 && len(a)%64 != 0 {
			w |= ^uint64(0) << (len(a) % 64)
		}
		zeros += 64 - bits.OnesCount64(w)
	}
	return zeros
}

// tree is an ordered tree whose nodes stand in post-order.
type tree[T any] struct {
	nodes []T
	left  []int // leftmost leaf below each node
}

// node adds a node whose leaves begin with the one at position first; for a leaf that is its own position.
func (t *tree[T]) node(n T, first int) {
	t.nodes = append(t.nodes, n)
	t.left = append(t.left, first)
}

// treeSimilarity is 1 less the edit distance of two trees over the size of the larger. Adding and removing a node cost
// 1, changing one costs change (Zhang and Shasha 1989).
func treeSimilarity[T any](a, b tree[T], change func(x, y T) float64) float64 {
	n, m := len(a.nodes), len(b.nodes)
	if n == 0 || m == 0 {
		if n == m {
			return 1
		}
		return 0
	}
	distance := make([][]float64, n)
	for i := range distance {
		distance[i] = make([]float64, m)
	}
	forest := make([][]float64, n+1)
	for i := range forest {
		forest[i] = make([]float64, m+1)
	}
	for _, i := range a.roots() {
		for _, j := range b.roots() {
			treeDistance(a, b, i, j, distance, forest, change)
		}
	}
	return 1 - distance[n-1][m-1]/float64(max(n, m))
}

// roots are the nodes that have a left sibling, and the root.
func (t tree[T]) roots() []int {
	last := map[int]int{}
	for i, l := range t.left {
		last[l] = i
	}
	var out []int
	for i, l := range t.left {
		if last[l] == i {
			out = append(out, i)
		}
	}
	return out
}

func treeDistance[T any](a, b tree[T], i, j int, distance, forest [][]float64, change func(x, y T) float64) {
	li, lj := a.left[i], b.left[j]
	forest[0][0] = 0
	for x := li; x <= i; x++ {
		forest[x-li+1][0] = forest[x-li][0] + 1
	}
	for y := lj; y <= j; y++ {
		forest[0][y-lj+1] = forest[0][y-lj] + 1
	}
	for x := li; x <= i; x++ {
		for y := lj; y <= j; y++ {
			fx, fy := x-li+1, y-lj+1
			best := min(forest[fx-1][fy], forest[fx][fy-1]) + 1
			if a.left[x] == li && b.left[y] == lj {
				best = min(best, forest[fx-1][fy-1]+change(a.nodes[x], b.nodes[y]))
				distance[x][y] = best
			} else {
				best = min(best, forest[a.left[x]-li][b.left[y]-lj]+distance[x][y])
			}
			forest[fx][fy] = best
		}
	}
}
