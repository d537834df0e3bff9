/// A text as numbers of its characters: nine tenths to train on, and the last tenth to validate
/// with.
///
///     let text = try CharacterText("input.txt")
///     let train = try text.train.randomWindows(of: 64, count: 2000 * 12, seed: 7)
///     for (inputs, targets) in DataLoader(train, batchSize: 12).epoch(0) { … }  // 2,000 steps
///
/// The split and the vocabulary, of the whole text, are nanoGPT's.
public struct CharacterText: Sendable {
  /// The characters that occur, in either part.
  public let vocabulary: CharacterVocabulary
  /// The first nine tenths, rounded down.
  public let train: TokenSequence
  /// The rest.
  public let validation: TokenSequence

  /// Reads a file of text in UTF-8. Nothing is changed: line ends stay what they are.
  ///
  /// Throws a `DataError` if the file cannot be read, is empty or not UTF-8, or has more than
  /// 65,536 different characters.
  public init(_ path: String) throws(DataError) {
    let bytes = try readFile(path: path, advice: "check the path of the text")
    if let line = lineThatIsNotUTF8(bytes) {
      throw .unusable(
        file: path, line: line, problem: "it is not text in UTF-8", advice: "convert the file")
    }
    let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
    if text.isEmpty { throw .malformed(file: path, problem: "it is empty, expected text") }
    vocabulary = CharacterVocabulary(of: text)
    guard vocabulary.count <= 1 << 16 else {
      throw .malformed(
        file: path,
        problem: "it has \(vocabulary.count) different characters, expected at most \(1 << 16)")
    }
    var tokenOf = [UInt16](
      repeating: 0, count: Int(vocabulary.characters[vocabulary.count - 1].value) + 1)
    for (token, character) in vocabulary.characters.enumerated() {
      tokenOf[Int(character.value)] = UInt16(token)
    }
    let tokens = text.map { tokenOf[Int($0.value)] }
    let boundary = Int(Double(tokens.count) * 0.9)
    train = TokenSequence(Array(tokens[..<boundary]), name: "\(path) (training part)")
    validation = TokenSequence(Array(tokens[boundary...]), name: "\(path) (validation part)")
  }
}
