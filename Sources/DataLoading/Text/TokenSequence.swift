import Diagnostics
import Support

/// A text as a sequence of tokens from 0 to 65,535, in memory or in a file.
public struct TokenSequence: Sendable {
  private enum Source {
    case memory(ArraySlice<UInt16>)
    case file(OpenFile)
  }

  private static let advice = "use a file of 16-bit tokens, as nanoGPT's prepare.py writes it"

  /// What error messages call the sequence.
  public let name: String
  /// How many tokens there are.
  public let count: Int
  private let source: Source

  /// A sequence in memory.
  public init(_ tokens: [UInt16], name: String = "the tokens") {
    self.init(.memory(tokens.map(\.littleEndian)[...]), count: tokens.count, name: name)
  }

  private init(_ source: Source, count: Int, name: String) {
    self.source = source
    self.count = count
    self.name = name
  }

  /// The tokens of a sequence in memory at the places in `range`, which it shares.
  func part(_ range: Range<Int>, name: String) -> TokenSequence {
    guard case .memory(let tokens) = source else {
      stop("TokenSequence: a file has no parts")
    }
    return TokenSequence(.memory(tokens[range]), count: range.count, name: name)
  }

  /// Opens a file of little-endian 16-bit tokens and nothing else, such as nanoGPT's `train.bin`.
  ///
  /// The file is read where it is needed: it may be larger than memory, the system holds one copy for
  /// all ranks of a host, and it must stay as it is while it is in use.
  ///
  /// Throws a `DataError` if the file is missing, empty, of an odd length or begins with a header of
  /// llm.c, or if a token is not in `0..<vocabularySize`.
  ///
  /// - Parameter vocabularySize: where given, the whole file is read once to check its tokens.
  public init(tokenFile path: String, vocabularySize: Int? = nil) throws(DataError) {
    check(
      vocabularySize.map { $0 > 0 } ?? true,
      "TokenSequence: a vocabulary of \(vocabularySize ?? 0); it must be at least 1")
    let file = try OpenFile(
      path: path, advice: "put a file of 16-bit tokens there, as nanoGPT's prepare.py writes it")
    guard file.count > 0, file.count.isMultiple(of: 2) else {
      throw .unusable(
        file: path, line: nil,
        problem: "it has \(file.count) bytes, expected two for each token", advice: Self.advice)
    }
    name = path
    count = file.count / 2
    source = .file(file)
    // The magic numbers 20240520 and 20240801, in two words each.
    if count > 1, [55_432, 55_713].contains(self[0]), self[1] == 308 {
      throw .unusable(
        file: path, line: nil,
        problem: "it begins with the header of llm.c, expected 16-bit tokens only",
        advice: Self.advice)
    }
    let wrong: Int?
    do throws(FileError) {
      wrong = try vocabularySize.flatMap { (limit) throws(FileError) in
        try Self.firstToken(of: file, notBelow: limit)
      }
    } catch {
      throw DataError(error, advice: Self.advice)
    }
    if let vocabularySize, let index = wrong {
      throw .unusable(
        file: path, line: nil,
        problem: "token \(index) is \(self[index]), expected 0...\(vocabularySize - 1)",
        advice: "use tokens of this vocabulary")
    }
  }

  /// The token at `position`. Stops the program if it is not in `0..<count`.
  public subscript(position: Int) -> Int32 {
    check(
      position >= 0 && position < count,
      "TokenSequence: token \(position) is out of range of \(count)")
    var token: Int32 = 0
    copy(from: position, count: 1, to: &token)
    return token
  }

  /// Copies `count` tokens from `start` on, all of which must exist.
  func copy(from start: Int, count: Int, to destination: UnsafeMutablePointer<Int32>) {
    switch source {
    case .memory(let tokens):
      let first = tokens.startIndex + start
      for i in 0..<count { destination[i] = Int32(UInt16(littleEndian: tokens[first + i])) }
    case .file(let file):
      // Into the upper half of the destination, where no token is overwritten before it was widened.
      let room = UnsafeMutableRawBufferPointer(start: destination, count: 4 * count)
      file.fill(UnsafeMutableRawBufferPointer(rebasing: room[(2 * count)...]), from: 2 * start)
      for i in 0..<count {
        let token = room.loadUnaligned(fromByteOffset: 2 * (count + i), as: UInt16.self)
        room.storeBytes(of: Int32(UInt16(littleEndian: token)), toByteOffset: 4 * i, as: Int32.self)
      }
    }
  }

  /// The first token of `file` that is not below `limit`.
  private static func firstToken(of file: OpenFile, notBelow limit: Int) throws(FileError) -> Int? {
    var found: Int?
    try file.forEachPiece(of: 0..<file.count) { start, bytes in
      let tokens = bytes.assumingMemoryBound(to: UInt16.self)
      found = tokens.firstIndex { UInt16(littleEndian: $0) >= limit }.map { start / 2 + $0 }
      return found == nil
    }
    return found
  }

  /// Throws unless `context` predictions can be made.
  func requireWindow(of context: Int) throws(DataError) {
    check(context > 0, "TokenSequence: the context is \(context), but must be at least 1")
    guard count > context else {
      throw .unusable(
        file: name, line: nil,
        problem:
          "it has \(count) tokens, but a context of \(context) needs at least \(context + 1)",
        advice: "use more text")
    }
  }
}
