import CClusterSim

/// What the rules in C say about themselves.
enum CPhysics {
  /// `x86-64-v4`, `avx2` or `default`.
  static var variant: String { String(cString: dslsim_physics_variant()) }
}
