/// A bitmap font of five by seven dots for captions.
///
/// A glyph is a string of seven rows, each a digit of base 32 (0-9, A-V); letters with a descender have two more rows,
/// below the baseline.
enum Font {
  /// Dots above the baseline.
  static let height = 7
  /// Dots of a descender.
  static let tail = 2
  /// Dots from the left edge of one character to that of the next.
  static let advance = 6

  private static let glyphs: [Character: String] = [
    " ": "0000000", "!": "4444404", "\"": "AAA0000", "#": "AAVAVAA", "$": "4FKE5U4", "%": "OP248J3", "&": "CIKAILD",
    "'": "4480000", "(": "2488842", ")": "8422248", "*": "04LELE4", "+": "044V440", ",": "000000448", "-": "000V000",
    ".": "00000CC", "/": "0124 8G", "0": "EHJLPHE", "1": "4C4444E", "2": "EH1248V", "3": "V2421HE", "4": "26AIV22",
    "5": "VGU11HE", "6": "68GUHHE", "7": "V124888", "8": "EHHEHHE", "9": "EHHF12C", ":": "0CC0CC0", ";": "0CC00CC48",
    "<": "248G842", "=": "00V0V00", ">": "8421248", "?": "EH12404", "@": "EH1DLLE", "A": "EHHVHHH", "B": "UHHUHHU",
    "C": "EHGGGHE", "D": "SIHHHIS", "E": "VGGUGGV", "F": "VGGUGGG", "G": "EHGNHHF", "H": "HHHVHHH", "I": "E44444E",
    "J": "72222IC", "K": "HIKOKIH", "L": "GGGGGGV", "M": "HRLLHHH", "N": "HHPLJHH", "O": "EHHHHHE", "P": "UHHUGGG",
    "Q": "EHHHLID", "R": "UHHUKIH", "S": "FGGE11U", "T": "V444444", "U": "HHHHHHE", "V": "HHHHHA4", "W": "HHHLLLA",
    "X": "HHA4AHH", "Y": "HHHA444", "Z": "V1248GV", "[": "E88888E", "\\": "0G84210", "]": "E22222E", "^": "4AH0000",
    "_": "000000V", "`": "8420000", "a": "00E1FHF", "b": "GGMPHHU", "c": "00EGGHE", "d": "11DJHHF", "e": "00EHVGE",
    "f": "69 8S888", "g": "00FHHHF1E", "h": "GGMPHHH", "i": "40C444E", "j": "2062222IC", "k": "GGIKOKI", "l": "C444446",
    "m": "00QLLHH", "n": "00MPHHH", "o": "00EHHHE", "p": "00UHHHUGG", "q": "00FHHHF11", "r": "00MPGGG", "s": "00EGE1U",
    "t": "88S889 6", "u": "00HHHJD", "v": "00HHHA4", "w": "00HHLLA", "x": "00HA4AH", "y": "00HHHHF1E", "z": "00V248V",
    "{": "2448442", "|": "4444444", "}": "8442448", "~": "08L2000",
  ]

  /// The rows of a character, five bits each with the highest at the left; a box for a character without a glyph.
  static func rows(_ character: Character) -> [Int] {
    (glyphs[character] ?? "VHHHHHV").filter { $0 != " " }.map { Int(String($0), radix: 32) ?? 0 }
  }

  /// Dots that a line of text is wide.
  static func width(_ text: String) -> Int { max(0, text.count * advance - 1) }
}

extension ByteImage {
  /// Writes a line of text with its upper left corner at (y, x), in dots of `scale` by `scale` pixels.
  mutating func write(_ text: String, y: Int, x: Int, colour: SIMD3<UInt8> = [40, 40, 40], scale: Int = 1) {
    for (index, character) in text.enumerated() {
      for (row, bits) in Font.rows(character).enumerated() {
        for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
          for dy in 0..<scale {
            for dx in 0..<scale {
              blend(
                colour, y: y + row * scale + dy, x: x + (index * Font.advance + column) * scale + dx, opacity: 1)
            }
          }
        }
      }
    }
  }

  /// Blends a colour over one pixel with an opacity in [0, 1]; does nothing outside the image.
  mutating func blend(_ colour: SIMD3<UInt8>, y: Int, x: Int, opacity: Double) {
    guard y >= 0, y < height, x >= 0, x < width else { return }
    for c in 0..<3 {
      let i = (y * width + x) * 3 + c
      pixels[i] = UInt8(Double(pixels[i]) * (1 - opacity) + Double(colour[c]) * opacity + 0.5)
    }
  }
}
