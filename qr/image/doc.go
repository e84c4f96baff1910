// Package image turns a text into a QR symbol and draws it: PNG, SVG, characters of a terminal, printer raster.
//
// Every drawing has modules of one whole number of pixels or dots. Fixed-size pictures with uneven modules cost reads, with
// cameras in the field and with both readers that were measured; so a picture that is larger than the symbol gets more light
// around it instead. The symbol is dark on light in all of them: readers do not find the opposite.
//
// It is the only importer of github.com/skip2/go-qrcode, which encodes anew at every call and is not safe for concurrent use:
// one call of Bitmap is copied into an own matrix and the library's value is dropped. The library writes neither ECI nor pure
// byte mode, so a text with characters outside ASCII is refused instead of drawn ambiguously.
package image
