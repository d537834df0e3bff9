import Diagnostics

/// A text as numbers of its characters: nine tenths to train on, and the last tenth to validate
/// with.
///
/// ```swift
/// let text = try CharacterText("input.txt")
/// let train = try text.train.randomWindows(of: 64, count: 2000 * 12, seed: 7)
/// for (inputs, targets) in DataLoader(train, batchSize: 12).epoch(0) { … }  // 2,000 steps
/// ```
///
/// The split and the vocabulary, of the whole text, are nanoGPT's. A model knows the characters of
/// the text that it learned from; another text is read with `init(_:knowing:)`.
public struct CharacterText: Sendable {
  /// The characters that have numbers.
  public let vocabulary: CharacterVocabulary
  /// The whole text.
  public let whole: TokenSequence
  /// The first nine tenths, rounded down.
  public let train: TokenSequence
  /// The last tenth, which is not trained on.
  public let validation: TokenSequence

  /// Reads a file of text in UTF-8, whose characters make the vocabulary. Nothing is changed: line
  /// ends stay what they are.
  ///
  /// Throws a `DataError` if the file cannot be read, is empty or not UTF-8, or has more than
  /// 65,536 different characters.
  public init(_ path: String) throws(DataError) {
    let text = try Self.read(path)
    let vocabulary = CharacterVocabulary(of: text)
    guard vocabulary.count <= CharacterVocabulary.maximumCount else {
      throw .unusable(
        file: path, line: nil,
        problem: "it has \(vocabulary.count) different characters, expected at most "
          + "\(CharacterVocabulary.maximumCount)",
        advice: "use a text of fewer characters")
    }
    try self.init(text, vocabulary, path)
  }

  /// Reads a file of text in UTF-8, whose characters have the numbers that they have in
  /// `vocabulary`.
  ///
  /// Throws a `DataError` if the file cannot be read, is empty or not UTF-8, or has a character that
  /// the vocabulary lacks. Stops the program if the vocabulary has more than 65,536.
  public init(_ path: String, knowing vocabulary: CharacterVocabulary) throws(DataError) {
    check(
      vocabulary.count <= CharacterVocabulary.maximumCount,
      "CharacterText: \(vocabulary.count) characters; at most 65,536 can be numbered")
    try self.init(try Self.read(path), vocabulary, path)
  }

  private init(
    _ text: String.UnicodeScalarView, _ vocabulary: CharacterVocabulary, _ path: String
  ) throws(DataError) {
    // A place for every scalar value is much faster than a dictionary.
    var tokenOf = [UInt16?](repeating: nil, count: 0x110000)
    for (token, character) in vocabulary.characters.enumerated() {
      tokenOf[Int(character.value)] = UInt16(token)
    }
    var tokens: [UInt16] = []
    tokens.reserveCapacity(text.count)
    var line = 1
    for character in text {
      guard let token = tokenOf[Int(character.value)] else {
        throw .unusable(
          file: path, line: line,
          problem: "the character \(name(of: character)) is not one of the \(vocabulary.count) of "
            + "the vocabulary",
          advice: "use a text without it")
      }
      if character == "\n" { line += 1 }
      tokens.append(token)
    }
    let boundary = Int(Double(tokens.count) * 0.9)
    self.vocabulary = vocabulary
    whole = TokenSequence(tokens, name: path)
    train = whole.part(0..<boundary, name: "\(path) (training part)")
    validation = whole.part(boundary..<tokens.count, name: "\(path) (validation part)")
  }

  private static func read(_ path: String) throws(DataError) -> String.UnicodeScalarView {
    let bytes = try readFile(path: path, advice: "check the path of the text")
    if let line = lineThatIsNotUTF8(bytes) {
      throw .unusable(
        file: path, line: line, problem: "it is not text in UTF-8", advice: "convert the file")
    }
    if bytes.isEmpty {
      throw .unusable(
        file: path, line: nil, problem: "it is empty, expected text",
        advice: "name a file with text")
    }
    return String(decoding: bytes, as: UTF8.self).unicodeScalars
  }
}
