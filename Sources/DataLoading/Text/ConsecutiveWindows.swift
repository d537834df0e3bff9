public import TensorCore

/// A whole text in windows, one after the other, to validate with: inputs `[context]`, and as
/// targets the tokens that follow each of them, `[context]`.
///
/// Every token but the first is predicted exactly once. The last window reaches back where the text
/// does not fill it; its targets that an earlier window has are -100, which `crossEntropy` ignores.
/// The mean over the text is therefore the sum of the losses (`reduction: .sum`) over all batches
/// and ranks, divided by `predictionCount`.
public struct ConsecutiveWindows: Dataset {
  /// The text that windows are cut from.
  public let tokens: TokenSequence
  /// How many tokens a window has.
  public let context: Int
  /// The shape of one window, `[context]`.
  public var inputShape: Shape { [context] }
  /// The shape of one window, `[context]`.
  public var targetShape: Shape { [context] }
  /// How many targets are not ignored in the whole pass.
  public var predictionCount: Int { tokens.count - 1 }
  /// How many windows there are.
  public var count: Int { (predictionCount + context - 1) / context }

  /// The target that is not to be predicted.
  private static var ignored: Int32 { -100 }

  init(_ tokens: TokenSequence, context: Int) {
    self.tokens = tokens
    self.context = context
  }

  /// Copies the selected windows, see `Dataset`.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Int32>, targets: UnsafeMutableBufferPointer<Int32>
  ) {
    checkSelection(selection, inputs.count, targets.count, "ConsecutiveWindows")
    guard var input = inputs.baseAddress, var target = targets.baseAddress else { return }
    for index in selection.indices {
      let start = min(index * context, predictionCount - context)
      tokens.copy(from: start, count: context, to: input)
      tokens.copy(from: start + 1, count: context, to: target)
      target.update(repeating: Self.ignored, count: index * context - start)
      input += context
      target += context
    }
  }
}

extension TokenSequence {
  /// The whole sequence in windows of `context` tokens.
  ///
  /// Throws if there are fewer than `context + 1` tokens. Stops the program if `context` is not
  /// positive.
  public func consecutiveWindows(of context: Int) throws(DataError) -> ConsecutiveWindows {
    try requireWindow(of: context)
    return ConsecutiveWindows(self, context: context)
  }
}
