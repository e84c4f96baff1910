package image

import (
	"image"
	"image/color"
	"image/png"
	"io"
)

// PNG draws with k pixels a module ([MinPixels] or more) and the light margin: k x (Size + 8) pixels a side, one bit a pixel.
func (s *Symbol) PNG(w io.Writer, k int) error { return s.PNGIn(w, k*s.side()) }

// PNGIn draws a picture of exactly side pixels: the symbol in its middle with the largest modules that fit, light around it. A
// [TooSmallError] says what is needed instead.
func (s *Symbol) PNGIn(w io.Writer, side int) error {
	k, err := s.fit(side, MinPixels)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	return encoder.Encode(w, s.paint(side, k))
}

// paint draws each row of modules once and copies it k-1 times.
func (s *Symbol) paint(side, k int) *image.Paletted {
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	margin := (side - k*s.size) / 2
	for y := range s.size {
		first := picture.Pix[(margin+y*k)*side:][:side]
		for x := range s.size {
			if s.At(x, y) {
				fill(first[margin+x*k:][:k])
			}
		}
		for copied := 1; copied < k; copied++ {
			copy(picture.Pix[(margin+y*k+copied)*side:], first)
		}
	}
	return picture
}

func fill(pixels []uint8) {
	for i := range pixels {
		pixels[i] = 1
	}
}
