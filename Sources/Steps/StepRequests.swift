/// What ranks ask for at the end of a step: all of them must do it at the same step, so that what one rank
/// asks for travels with the gradients.
package struct StepRequests: Hashable, Sendable {
  /// To save and then stop, and to save and go on: how many ranks ask for it.
  package var stop: Int
  package var save: Int

  package init(stop: Int = 0, save: Int = 0) { (self.stop, self.save) = (stop, save) }
}
