// Package concert speaks the French protocol between cash registers and card terminals, "protocole caisse" or Concert, in its generations E+ (fixed
// positions) and V3 (tags). It decodes what was recorded on such a line.
//
// Source: public descriptions and open implementations, as far as they agree; the standard itself is not public.
package concert
