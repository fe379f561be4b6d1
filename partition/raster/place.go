package raster

import (
	"math"

	"github.com/sluicehq/sluice/element"
)

// Place says how the space in which a page was laid out lies in the one that coordinates are given in.
type Place struct {
	Scale float64 // units of the coordinates in a unit of the layout; 0 is 1
	Turns int     // clockwise quarter turns by which the page was turned to be read
}

// Move puts the coordinates of an element, which are those of the page turned upright, to the page as it is shown.
func (p Place) Move(e *element.Element) {
	c := e.Metadata.Coordinates
	if c == nil || len(c.Points) < 3 || (p.Scale == 0 || p.Scale == 1) && p.Turns&3 == 0 {
		return
	}
	scale := p.Scale
	if scale == 0 {
		scale = 1
	}
	w, h := c.LayoutWidth*scale, c.LayoutHeight*scale
	x0, y0, x1, y1 := c.Points[0][0]*scale, c.Points[0][1]*scale, c.Points[2][0]*scale, c.Points[2][1]*scale
	switch p.Turns & 3 {
	case 1:
		x0, y0, x1, y1, w, h = y0, w-x1, y1, w-x0, h, w
	case 2:
		x0, y0, x1, y1 = w-x1, h-y1, w-x0, h-y0
	case 3:
		x0, y0, x1, y1, w, h = h-y1, x0, h-y0, x1, h, w
	}
	round := func(v float64) float64 { return math.Round(v*1000) / 1000 }
	x0, y0, x1, y1, w, h = round(x0), round(y0), round(x1), round(y1), round(w), round(h)
	e.Metadata.Coordinates = &element.Coordinates{
		Points: [][2]float64{{x0, y0}, {x0, y1}, {x1, y1}, {x1, y0}},
		System: c.System, LayoutWidth: w, LayoutHeight: h,
	}
}

// Keys of the metadata that say how a page was read. They are additions to the contract.
const (
	StrategyKey = "page_strategy"        // fast, hi_res or ocr: how the page was read, where strategy auto chose
	ReasonKey   = "page_strategy_reason" // why
	RotationKey = "page_rotation"        // clockwise degrees by which the page was turned before its text was recognised
)

// Note adds a key to the metadata of an element.
func Note(e *element.Element, key string, value any) {
	if e.Metadata.Extra == nil {
		e.Metadata.Extra = map[string]any{}
	}
	e.Metadata.Extra[key] = value
}
