import Diagnostics
public import TensorCore

/// Pieces of a text at random places, for language models: inputs `[context]`, and as targets the
/// tokens that follow each of them, `[context]`.
///
/// Training a language model takes a number of steps and has no natural epochs. A count of
/// steps times the size of a batch, without shuffling, makes one epoch of as many batches as there
/// are steps; a run that stopped after `n` of them goes on with `epoch(0, from: n)`.
///
/// The place of a sample depends on the seed, the epoch and the sample's index, on nothing else.
/// Sample `i` is the one at place `i % B` of step `i / B`, so the windows of a step are the same on
/// any number of ranks.
public struct RandomWindows: Dataset {
  /// The text that windows are cut from.
  public let tokens: TokenSequence
  /// How many tokens a window has.
  public let context: Int
  /// How many windows an epoch has.
  public let count: Int
  /// The shape of one window, `[context]`.
  public var inputShape: Shape { [context] }
  /// The shape of one window, `[context]`.
  public var targetShape: Shape { [context] }

  private let seed: UInt64

  init(_ tokens: TokenSequence, context: Int, count: Int, seed: UInt64) {
    self.tokens = tokens
    self.context = context
    self.count = count
    self.seed = seed
  }

  /// Copies the selected windows, see `Dataset`.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Int32>, targets: UnsafeMutableBufferPointer<Int32>
  ) {
    checkSelection(selection, inputs.count, targets.count, "RandomWindows")
    guard var input = inputs.baseAddress, var target = targets.baseAddress else { return }
    for index in selection.indices {
      var random = SplitMix64(seed: seed, epoch: selection.epoch, sample: index)
      let start = Int(random.next(below: UInt64(tokens.count - context)))
      tokens.copy(from: start, count: context, to: input)
      tokens.copy(from: start + 1, count: context, to: target)
      input += context
      target += context
    }
  }
}

extension TokenSequence {
  /// `count` windows of `context` tokens for each epoch, each place as likely as any other.
  ///
  /// Throws if there are fewer than `context + 1` tokens. Stops the program if `context` is not
  /// positive or `count` negative.
  public func randomWindows(
    of context: Int, count: Int, seed: UInt64
  ) throws(DataError) -> RandomWindows {
    check(count >= 0, "randomWindows: the count is \(count), but must not be negative")
    try requireWindow(of: context)
    return RandomWindows(self, context: context, count: count, seed: seed)
  }
}
