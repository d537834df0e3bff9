import ArgumentParser

/// A time of whole seconds: the value of `--max-time`, such as `11h50m`, `90s` or `3600`.
struct TimeLimit: ExpressibleByArgument, Encodable, CustomStringConvertible {
  let seconds: Int

  var description: String { "\(seconds)s" }

  init?(argument: String) {
    var (total, number, isOpen) = (0, 0, false)
    var allowed: Substring = "dhms"
    for character in argument {
      if let digit = character.wholeNumberValue, character.isASCII {
        guard number < 100_000_000 else { return nil }
        number = 10 * number + digit
        isOpen = true
      } else {
        // Each unit once, the larger first.
        guard isOpen, let place = allowed.firstIndex(of: character),
          let size = ["d": 86_400, "h": 3600, "m": 60, "s": 1][character]
        else { return nil }
        total += number * size
        (number, isOpen) = (0, false)
        allowed = allowed[allowed.index(after: place)...]
      }
    }
    seconds = total + number
    guard seconds > 0 else { return nil }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
