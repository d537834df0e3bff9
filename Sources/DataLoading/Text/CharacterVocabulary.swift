import Diagnostics

/// The characters of a text as numbers: their places in the sorted list of all that occur.
///
/// A character is a Unicode scalar value, as in Python, so that a text has the numbers here that it
/// has there: `é` may be one character or two, and a line end CR LF is two.
public struct CharacterVocabulary: Hashable, Sendable {
  /// The characters, in ascending order.
  public let characters: [Unicode.Scalar]
  /// How many characters there are.
  public var count: Int { characters.count }

  /// How many characters tokens of 16 bits can tell apart.
  public static let maximumCount = 1 << 16

  private let places: [Unicode.Scalar: Int32]

  /// The characters that occur in `text`.
  public init(of text: some Sequence<Unicode.Scalar>) {
    // A flag for every scalar value is much faster than a set of those that occur.
    var occurs = [Bool](repeating: false, count: 0x110000)
    for character in text { occurs[Int(character.value)] = true }
    characters = occurs.indices.lazy.filter { occurs[$0] }.compactMap { Unicode.Scalar($0) }
    places = Dictionary(uniqueKeysWithValues: zip(characters, Int32(0)...))
  }

  /// The numbers of the characters of `text`. Throws at a character that has none.
  public func encode(_ text: String) throws(DataError) -> [Int32] {
    var tokens: [Int32] = []
    for (index, character) in text.unicodeScalars.enumerated() {
      guard let token = places[character] else {
        throw .unknownCharacter(character, index: index, vocabularySize: count)
      }
      tokens.append(token)
    }
    return tokens
  }

  /// The text that `tokens` stand for. Stops the program if one is not in `0..<count`.
  public func decode(_ tokens: some Sequence<Int32>) -> String {
    var text = String.UnicodeScalarView()
    for token in tokens {
      check(
        token >= 0 && token < count,
        "decode: token \(token) is out of range of a vocabulary of \(count)")
      text.append(characters[Int(token)])
    }
    return String(text)
  }
}
