/// A mistake that stops the program, and the sentence that it ends with.
///
/// A suite keeps a list of them and runs each in a process of its own:
///
/// ```swift
/// @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
///   let result = await #expect(
///     processExitsWith: .failure, observing: [\.standardErrorContent]
///   ) { [index] in try Self.misuses[index].run() }
///   expectMessage(Self.misuses[index].sentence, of: result)
/// }
/// ```
public struct Misuse: Sendable {
  /// What is said, or a part of it.
  public let sentence: String
  /// Makes the mistake.
  public let run: @Sendable () throws -> Void

  /// The mistake that `run` makes, which ends with `sentence`.
  public init(_ sentence: String, _ run: @escaping @Sendable () throws -> Void) {
    self.sentence = sentence
    self.run = run
  }
}
