package film

import "math"

// boat sails past from the left to the right, and lights a lantern at night.
func boat(c *canvas, second float64, l light) {
	const water = 268.0
	x := -60 + (width+90)*second/Seconds
	heave := 1.6 * math.Sin(second*1.1)
	lean := 0.035*math.Sin(second*0.8) + 0.05
	// place turns a point of the drawing, whose origin is on the water below the mast.
	place := func(px, py float64) point {
		return point{x + px - py*lean, water + heave + py + px*lean*0.5}
	}
	shade := 0.2 + 0.8*l.day
	hull := rgb(120, 52, 40).mix(l.lower, 0.1).times(shade)
	rim := rgb(236, 222, 196).mix(l.lower, 0.3).times(shade)
	sail := rgb(250, 246, 236).mix(l.lower, 0.35).times(0.25 + 0.75*l.day)
	jib := sail.times(0.88)
	parts := []struct {
		corners []point
		with    color
	}{
		{[]point{{1, -10}, {1, -74}, {34, -14}, {30, -11}}, sail},
		{[]point{{-3, -68}, {-3, -12}, {-34, -11}}, jib},
		{[]point{{-38, -8}, {36, -8}, {28, 2}, {-26, 2}}, hull},
		{[]point{{-39, -9.5}, {37, -9.5}, {36, -7.5}, {-38, -7.5}}, rim},
	}
	for _, part := range parts {
		mirrored := make([]point, len(part.corners))
		for i, corner := range part.corners {
			p := place(corner.x, corner.y)
			mirrored[i] = point{p.x, 2*(water+2) - p.y}
		}
		c.shape(mirrored, part.with.mix(l.middle, 0.3), 0.3, func(y float64) float64 {
			return (y - water) * 0.09 * math.Sin(y*0.55-second*2.6)
		})
	}
	c.stroke(place(-1, -8), place(-1, -78), 1.8, rgb(70, 48, 34).times(shade), 1)
	for _, part := range parts {
		placed := make([]point, len(part.corners))
		for i, corner := range part.corners {
			placed[i] = place(corner.x, corner.y)
		}
		c.shape(placed, part.with, 1, nil)
	}
	flag := place(-1, -78)
	flutter := 1.5 * math.Sin(second*4)
	c.shape([]point{flag, {flag.x - 11, flag.y + 3 + flutter}, {flag.x, flag.y + 6}}, rgb(222, 84, 52).times(shade), 1, nil)

	lit := smooth(1.2 - 4*l.day)
	lantern := place(-36, -13)
	c.glow(lantern, 30, rgb(255, 190, 96), 0.9*lit, height)
	c.disc(lantern, 1.8, rgb(255, 236, 190), lit, height)
	c.glow(point{lantern.x, 2*water - lantern.y + 6}, 22, rgb(255, 170, 80), 0.35*lit, height)
}
