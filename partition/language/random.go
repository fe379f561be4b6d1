package language

import (
	"math"
	"math/bits"
)

// random gives the numbers that the reference's detector draws, so that its answers on short texts are the same: the
// MT19937 generator of Matsumoto and Nishimura, seeded with the array [0], and the draws that are built on it there.
type random struct {
	state [624]uint32
	at    int
	spare float64 // second half of the last pair of normal numbers
	has   bool
}

func newRandom() *random {
	r := &random{}
	r.state[0] = 19650218
	for i := 1; i < len(r.state); i++ {
		r.state[i] = 1812433253*(r.state[i-1]^r.state[i-1]>>30) + uint32(i)
	}
	i := 1
	next := func() {
		if i++; i >= len(r.state) {
			r.state[0] = r.state[len(r.state)-1]
			i = 1
		}
	}
	for range r.state { // the key is the single word 0
		r.state[i] = r.state[i] ^ (r.state[i-1]^r.state[i-1]>>30)*1664525
		next()
	}
	for range len(r.state) - 1 {
		r.state[i] = (r.state[i] ^ (r.state[i-1]^r.state[i-1]>>30)*1566083941) - uint32(i)
		next()
	}
	r.state[0] = 0x80000000
	r.at = len(r.state)
	return r
}

// word returns 32 random bits.
func (r *random) word() uint32 {
	if r.at >= len(r.state) {
		r.twist()
	}
	y := r.state[r.at]
	r.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (r *random) twist() {
	const n, m = len(r.state), 397
	for k := range r.state {
		y := r.state[k]&0x80000000 | r.state[(k+1)%n]&0x7fffffff
		r.state[k] = r.state[(k+m)%n] ^ y>>1 ^ (y & 1 * 0x9908b0df)
	}
	r.at = 0
}

// float returns a number in [0, 1) with 53 bits.
func (r *random) float() float64 {
	a, b := r.word()>>5, r.word()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// below returns a number in [0, n), n < 2^31.
func (r *random) below(n int) int {
	k := bits.Len(uint(n))
	for {
		if v := int(r.word() >> (32 - k)); v < n {
			return v
		}
	}
}

// normal returns a number of the standard normal distribution.
func (r *random) normal() float64 {
	if r.has {
		r.has = false
		return r.spare
	}
	angle := r.float() * 2 * math.Pi
	radius := math.Sqrt(-2 * math.Log(1-r.float()))
	r.spare, r.has = math.Sin(angle)*radius, true
	return math.Cos(angle) * radius
}
