public import Testing

/// Pairs of what is to be compared: an issue, where there are not as many on both sides, or none at
/// all. After `zip` a test would pass over what is missing.
public func matched<First: Collection, Second: Collection>(
  _ first: First, _ second: Second, at location: SourceLocation = #_sourceLocation
) -> Zip2Sequence<First, Second> {
  #expect(
    first.count == second.count && !first.isEmpty,
    "\(first.count) are compared with \(second.count)", sourceLocation: location)
  return zip(first, second)
}
