import DataLoading
import Diagnostics
import Glibc
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct TextTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func text(_ content: String) throws -> CharacterText {
    try CharacterText(directory.write(Array(content.utf8), to: "input.txt"))
  }

  @Test func vocabularyIsSorted() throws {
    let vocabulary = try text("hello, wörld\r\n\u{1F600}").vocabulary
    #expect(
      String(String.UnicodeScalarView(vocabulary.characters)) == "\n\r ,dehlorw\u{F6}\u{1F600}")
    #expect(try vocabulary.encode("low\r\n") == [7, 8, 10, 1, 0])
    #expect(vocabulary.decode([7, 8, 10, 1, 0, 12]) == "low\r\n\u{1F600}")
    #expect(try vocabulary.encode("") == [])
  }

  @Test func unknownCharacterIsNamed() throws {
    let vocabulary = CharacterVocabulary(of: "abc".unicodeScalars)
    let error = #expect(throws: DataError.self) { try vocabulary.encode("cab\u{7}") }
    #expect(
      error?.description
        == "character 3 of the text, '\\u{07}' (U+0007), is not one of the 3 of the vocabulary; "
        + "leave it out")
    #expect(error?.exitCode == .badData)
  }

  @Test(arguments: [1, 9, 10, 11, 70, 99, 101])
  func nineTenthsAreForTraining(count: Int) throws {
    let content = (0..<count).map { ["a", "b", "c"][$0 % 3] }.joined()
    let text = try text(content)
    let boundary = count * 9 / 10
    #expect(text.train.count == boundary)
    #expect(text.validation.count == count - boundary)
    let all =
      (0..<text.train.count).map { text.train[$0] }
      + (0..<text.validation.count).map { text.validation[$0] }
    #expect(text.vocabulary.decode(all) == content)
  }

  /// The places come from an independent implementation in Python.
  @Test func randomWindowsAreTheSameOnAllMachines() throws {
    let tokens = TokenSequence((0..<100).map { $0 * 600 })
    let windows = try tokens.randomWindows(of: 5, count: 6, seed: 7)
    for (epoch, starts) in [(1, [28, 4, 69, 68, 17, 38]), (2, [85, 41, 19, 93, 74, 58])] {
      let (inputs, targets) = windows.batch(SampleSelection([0, 1, 2, 3, 4, 5], epoch: epoch))
      #expect(inputs.shape == [6, 5])
      #expect(
        inputs.array(of: Int32.self) == starts.flatMap { ($0..<$0 + 5).map { Int32($0 * 600) } })
      #expect(
        targets.array(of: Int32.self)
          == starts.flatMap { ($0 + 1..<$0 + 6).map { Int32($0 * 600) } })
    }
  }

  @Test func everyPlaceIsDrawn() throws {
    let windows = try TokenSequence([0, 1, 2, 3]).randomWindows(of: 2, count: 200, seed: 1)
    let inputs = windows.batch(0..<200).0.array(of: Int32.self)
    #expect(Set(stride(from: 0, to: 400, by: 2).map { inputs[$0] }) == [0, 1])
  }

  /// A step has the same windows on any number of ranks.
  @Test(arguments: 1...4)
  func ranksTogetherSeeWhatOneSees(ranks: Int) throws {
    let windows = try TokenSequence((0..<97).map { $0 }).randomWindows(of: 4, count: 15, seed: 2)
    func steps(_ world: RankStub?) -> [[Int32]] {
      DataLoader(windows, batchSize: 5, shardedOver: world).epoch(0)
        .map { $0.0.array(of: Int32.self) }
    }
    let shares = (0..<ranks).map { steps(RankStub(rank: $0, size: ranks)) }
    let together = (0..<3).map { step in shares.flatMap { $0[step] } }
    #expect(together == steps(nil))
  }

  /// Every token but the first is predicted once, from those that stand before it.
  @Test(arguments: [1, 2, 3, 7], [8, 9, 13, 29])
  func consecutiveWindowsPredictEveryTokenOnce(context: Int, count: Int) throws {
    let tokens = TokenSequence((0..<count).map { UInt16($0 * 3) })
    let windows = try tokens.consecutiveWindows(of: context)
    #expect(windows.predictionCount == count - 1)
    #expect(windows.count == (count - 2) / context + 1)
    let (inputs, targets) = windows.batch(0..<windows.count)
    #expect(inputs.shape == [windows.count, context])
    let pairs = zip(inputs.array(of: Int32.self), targets.array(of: Int32.self))
    #expect(pairs.allSatisfy { $1 == $0 + 3 || $1 == -100 })
    let predicted = pairs.map(\.1).filter { $0 != -100 }
    #expect(predicted == (1..<count).map { Int32($0 * 3) })
  }

  /// The mean over the held-out part, from sums over batches on several ranks, is that over all
  /// predictions one by one.
  @Test(arguments: 1...3)
  func validationIsExact(ranks: Int) throws {
    let text = (0..<30).map { UInt16($0 * $0 % 7) }
    // What the model says of the next token depends on the current one.
    let table: [[Double]] = (0..<7).map { token in (0..<7).map { Double((token * 5 + $0 * 3) % 8) }
    }
    let losses = zip(text, text.dropFirst()).map { current, next in
      log(table[Int(current)].map(exp).reduce(0, +)) - table[Int(current)][Int(next)]
    }
    let windows = try TokenSequence(text).consecutiveWindows(of: 4)
    var sum = 0.0
    for rank in 0..<ranks {
      let world = RankStub(rank: rank, size: ranks)
      for (inputs, targets) in DataLoader(windows, batchSize: 3, shardedOver: world).epoch(0) {
        let rows = inputs.array(of: Int32.self).flatMap { table[Int($0)].map { Float($0) } }
        let logits = Tensor(rows, shape: [inputs.count, 7])
        sum += Double(crossEntropy(logits, targets.flattened(), reduction: .sum).item())
      }
    }
    let expected = losses.reduce(0, +) / Double(losses.count)
    #expect(abs(sum / Double(windows.predictionCount) - expected) < 1e-5)
  }

  @Test func tooShortTextIsReported() throws {
    let text = try text(String(repeating: "ab", count: 20))
    let error = #expect(throws: DataError.self) { try text.validation.consecutiveWindows(of: 4) }
    #expect(
      error?.description
        == "\(directory.path)/input.txt (validation part): it has 4 tokens, but a context of 4 "
        + "needs at least 5; use more text")
    #expect(throws: DataError.self) { try text.train.randomWindows(of: 36, count: 1, seed: 0) }
    #expect(try text.train.randomWindows(of: 35, count: 1, seed: 0).batch([0]).0.shape == [1, 35])
    #expect(try text.validation.consecutiveWindows(of: 3).count == 1)
  }

  @Test func whatIsNotTextIsReported() throws {
    let path = try directory.write([97, 10, 10, 0xC3, 0x28, 10], to: "input.txt")
    #expect(
      throws: DataError.unusable(
        file: path, line: 3, problem: "it is not text in UTF-8", advice: "convert the file")
    ) { try CharacterText(path) }
    try directory.write([], to: "input.txt")
    #expect(
      throws: DataError.unusable(
        file: path, line: nil, problem: "it is empty, expected text",
        advice: "name a file with text")
    ) { try CharacterText(path) }
    #expect(
      throws: DataError.missing(path: path + "x", advice: "check the path of the text")
    ) { try CharacterText(path + "x") }
  }

  /// Letters keep the numbers of the text that was learned from, though another text has others.
  @Test func anotherTextHasTheNumbersOfTheFirst() throws {
    let vocabulary = try text("abcde").vocabulary
    let path = try directory.write(Array("edged".utf8), to: "other.txt")
    let error = #expect(throws: DataError.self) {
      try CharacterText(path, knowing: vocabulary)
    }
    #expect(
      error?.description
        == "\(path):1: the character 'g' (U+0067) is not one of the 5 of the vocabulary; use a text "
        + "without it")
    try directory.write(Array("bdbdbdbdbe".utf8), to: "other.txt")
    let other = try CharacterText(path, knowing: vocabulary)
    #expect((0..<10).map { other.whole[$0] } == [1, 3, 1, 3, 1, 3, 1, 3, 1, 4])
    #expect(other.train.count == 9)
    #expect(other.validation[0] == 4)
  }

  @Test func tokenFileIsReadInPlace() throws {
    let path = try directory.write([1, 0, 0, 1, 255, 255, 7, 0], to: "train.bin")
    let tokens = try TokenSequence(tokenFile: path, vocabularySize: 65_536)
    #expect(tokens.count == 4)
    #expect((0..<4).map { tokens[$0] } == [1, 256, 65_535, 7])
    let (inputs, targets) = try tokens.consecutiveWindows(of: 2).batch([1, 0])
    #expect(inputs.array(of: Int32.self) == [256, 65_535, 1, 256])
    #expect(targets.array(of: Int32.self) == [-100, 7, 256, 65_535])
  }

  @Test func wrongTokenFilesAreReported() throws {
    let format = "use a file of 16-bit tokens, as nanoGPT's prepare.py writes it"
    func expect(
      _ problem: String, _ bytes: [UInt8], _ advice: String = format,
      at location: SourceLocation = #_sourceLocation
    ) throws {
      let path = try directory.write(bytes, to: "val.bin")
      #expect(
        throws: DataError.unusable(file: path, line: nil, problem: problem, advice: advice),
        sourceLocation: location
      ) { try TokenSequence(tokenFile: path, vocabularySize: 300) }
    }
    try expect("it has 0 bytes, expected two for each token", [])
    try expect("it has 3 bytes, expected two for each token", [1, 0, 2])
    try expect(
      "token 2 is 300, expected 0...299", [43, 1, 0, 0, 44, 1, 45, 1],
      "use tokens of this vocabulary")
    let header: [UInt8] = [0x88, 0xD8, 0x34, 0x01, 1, 0, 0, 0]
    try expect("it begins with the header of llm.c, expected 16-bit tokens only", header)
    let path = "\(directory.path)/none.bin"
    #expect(
      throws: DataError.missing(
        path: path,
        advice: "put a file of 16-bit tokens there, as nanoGPT's prepare.py writes it")
    ) { try TokenSequence(tokenFile: path) }
  }

  @Test func mistakesStopWithTheNumbers() async {
    let token = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = CharacterVocabulary(of: "ab".unicodeScalars).decode([1, 2])
    }
    #expect(said(token, "decode: token 2 is out of range of a vocabulary of 2"))
    let context = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try TokenSequence([1, 2]).consecutiveWindows(of: 0)
    }
    #expect(said(context, "TokenSequence: the context is 0, but must be at least 1"))
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try TokenSequence([1, 2]).randomWindows(of: 1, count: -1, seed: 0)
    }
    #expect(said(count, "randomWindows: the count is -1, but must not be negative"))
    let place = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TokenSequence([1, 2])[2]
    }
    #expect(said(place, "TokenSequence: token 2 is out of range of 2"))
  }
}
