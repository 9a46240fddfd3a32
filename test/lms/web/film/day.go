package film

import (
	"math"
	"math/rand/v2"
)

const (
	// horizon is the row at which the sea begins.
	horizon = 214

	firstHour = 5.0
	lastHour  = 24.0
	sunrise   = 6.0
	sunset    = 20.0
	moonrise  = 20.6
)

// day is what stays the same in all frames.
type day struct {
	clouds clouds
	stars  []star
}

func newDay() *day {
	random := rand.New(rand.NewPCG(1, 2))
	return &day{clouds: newClouds(random), stars: newStars(random)}
}

// frame draws what is to be seen at a second of the film.
func (d *day) frame(c *canvas, second float64) {
	hour := firstHour + (lastHour-firstHour)*second/Seconds
	light := lightAt(hour)
	lamps := []lamp{sunAt(hour), moonAt(hour)}

	light.sky(c)
	for _, s := range d.stars {
		s.draw(c, second, light)
	}
	for _, l := range lamps {
		l.draw(c)
	}
	d.clouds.draw(c, second, light)
	gulls(c, second, light)
	island(c, second, light)
	sea(c, second, light, lamps)
	boat(c, second, light)
	caption(c, hour)
}

// light is the color of everything at an hour.
type light struct {
	hour                  float64
	zenith, middle, lower color
	// day is 1 in full daylight and 0 at night.
	day float32
}

func lightAt(hour float64) light {
	colors := []light{
		{4, rgb(6, 10, 28), rgb(13, 21, 50), rgb(34, 42, 80), 0},
		{5.2, rgb(20, 30, 72), rgb(72, 64, 118), rgb(214, 122, 108), 0.12},
		{6.3, rgb(58, 96, 160), rgb(164, 150, 182), rgb(255, 190, 132), 0.45},
		{8, rgb(66, 136, 210), rgb(140, 190, 232), rgb(250, 226, 196), 0.9},
		{12, rgb(38, 112, 200), rgb(108, 174, 232), rgb(208, 232, 246), 1},
		{16.5, rgb(52, 118, 198), rgb(138, 182, 222), rgb(244, 226, 196), 0.95},
		{18.8, rgb(62, 84, 152), rgb(206, 140, 132), rgb(255, 178, 96), 0.6},
		{20, rgb(36, 40, 96), rgb(150, 76, 110), rgb(250, 118, 72), 0.26},
		{21, rgb(14, 20, 54), rgb(44, 42, 90), rgb(122, 74, 104), 0.08},
		{22.3, rgb(6, 10, 30), rgb(13, 21, 52), rgb(32, 42, 80), 0},
		{25, rgb(6, 10, 28), rgb(13, 21, 50), rgb(30, 40, 76), 0},
	}
	for i := range colors[1:] {
		from, to := colors[i], colors[i+1]
		if hour <= to.hour {
			part := smooth(float32((hour - from.hour) / (to.hour - from.hour)))
			return light{
				hour, from.zenith.mix(to.zenith, part), from.middle.mix(to.middle, part), from.lower.mix(to.lower, part),
				from.day + (to.day-from.day)*part,
			}
		}
	}
	return colors[len(colors)-1]
}

// smooth goes from 0 to 1 without a kink at either end.
func smooth(part float32) float32 {
	part = min(1, max(0, part))
	return part * part * (3 - 2*part)
}

func wave(at float64) float32 { return float32(math.Sin(at)) }
