import Communication

/// A check that all ranks run together.
struct NamedCheck: Sendable {
  let name: String
  let body: @Sendable (any Communicator) throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (any Communicator) throws -> Void) {
    self.name = name
    self.body = body
  }
}
