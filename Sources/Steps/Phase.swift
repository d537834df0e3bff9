/// What a rank is doing between collectives, as a hang's report names it.
///
/// A program may have phases of its own: `static let tokenizing: Phase = "tokenizing"`.
public struct Phase: ExpressibleByStringLiteral, Sendable {
  package let name: StaticString
  /// Whether it is `dataLoading`, and not another with the same name.
  package let isDataLoading: Bool

  private init(_ name: StaticString, isDataLoading: Bool) {
    self.name = name
    self.isDataLoading = isDataLoading
  }

  /// A phase that reads well after "is in"; the first 31 bytes of UTF-8 are kept.
  public init(stringLiteral name: StaticString) { self.init(name, isDataLoading: false) }

  /// Before the first batch.
  public static let setUp: Phase = "set-up"
  /// Waiting for a batch; noted by `DataLoader`.
  public static let dataLoading = Phase("data loading", isDataLoading: true)
  /// From a batch to `backward()`; noted by `DataLoader`.
  public static let forward: Phase = "the forward pass"
  /// `backward()`; noted where gradients are averaged.
  public static let backward: Phase = "the backward pass"
  /// What follows `backward()`, the optimiser's step above all; noted where gradients are averaged.
  public static let update: Phase = "the optimiser's step"
  /// Measuring on test data.
  public static let evaluation: Phase = "evaluation"
  /// Writing results or checkpoints.
  public static let saving: Phase = "saving"
}
