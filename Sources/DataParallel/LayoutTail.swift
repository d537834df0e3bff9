import Steps

/// What travels behind the gradients: numbers that all ranks learn the sums of.
///
/// Before the exchange they are this rank's.
struct LayoutTail {
  /// The numbers that are there whatever the model is.
  private enum Place: Int, CaseIterable {
    case weight, restOfWeight, loss, samples, otherParts, parts, otherLosses, losses, stop, save
  }

  /// How many of them there are.
  static var fixedCount: Int { Place.allCases.count }

  private let numbers: UnsafeMutablePointer<Float>

  /// The tail that lies in `bucket`, of Float32.
  init(_ bucket: Numbers) { numbers = bucket.start.assumingMemoryBound(to: Float.self) }

  private subscript(place: Place) -> Float {
    get { numbers[place.rawValue] }
    nonmutating set { numbers[place.rawValue] = newValue }
  }

  /// How much the passes weigh: two numbers, the first of which adds up without rounding.
  var weight: Double {
    get { Double(self[.weight]) + Double(self[.restOfWeight]) }
    nonmutating set { (self[.weight], self[.restOfWeight]) = Self.parts(newValue) }
  }

  /// `weight` as two numbers.
  static func parts(_ weight: Double) -> (Float, Float) {
    let whole = (weight * 256).rounded(.down) / 256
    return (Float(whole), Float(weight - whole))
  }

  /// The losses of the passes, each times its weight.
  var loss: Float {
    get { self[.loss] }
    nonmutating set { self[.loss] = newValue }
  }

  /// The samples of the passes.
  var samples: Float {
    get { self[.samples] }
    nonmutating set { self[.samples] = newValue }
  }

  /// See `StepWeights.ofParts`: the divisors of further parts, and those that weigh.
  var ofParts: (others: Float, weighing: Float) {
    get { (self[.otherParts], self[.parts]) }
    nonmutating set { (self[.otherParts], self[.parts]) = newValue }
  }

  /// The same of further losses over a micro-batch.
  var ofLosses: (others: Float, weighing: Float) {
    get { (self[.otherLosses], self[.losses]) }
    nonmutating set { (self[.otherLosses], self[.losses]) = newValue }
  }

  /// How many ranks ask to stop and to save.
  var requests: StepRequests {
    get { StepRequests(stop: Int(self[.stop]), save: Int(self[.save])) }
    nonmutating set { (self[.stop], self[.save]) = (Float(newValue.stop), Float(newValue.save)) }
  }

  /// For each parameter, in the order of declaration, how many ranks have a gradient of it; before
  /// the exchange, whether this one has.
  var usage: UnsafeMutablePointer<Float> { numbers + Self.fixedCount }
}
