/// Every legal layout of a GPU as a number, and what cutting an instance or giving one back makes of it: placement and
/// planning look moves up instead of working them out.
package struct MIGStates: Sendable {
  package let geometry: MIGGeometry
  /// The empty one first.
  package let layouts: [MIGLayout]
  /// All that can be cut from an empty GPU; moves name an instance by its place here.
  package let instances: [MIGInstance]
  /// Per profile: its instances, by start.
  package let ofProfile: [[Int]]
  /// Per layout: the instances that it has.
  package let held: [[Int]]
  /// Per layout and instance: the layout with it; -1 where it may not be cut.
  private let larger: [Int16]
  /// Per layout and instance: the layout without it; -1 where it is not there.
  private let smaller: [Int16]

  /// - Complexity: O(layouts · instances); milliseconds.
  package init(_ geometry: MIGGeometry) {
    self.geometry = geometry
    let layouts = geometry.everyLayout()
    let instances = geometry.everyInstance
    var numbers: [[MIGInstance]: Int16] = [:]
    for (number, layout) in layouts.enumerated() { numbers[layout.instances] = Int16(number) }
    var larger = [Int16](repeating: -1, count: layouts.count * instances.count)
    var smaller = larger
    for (number, layout) in layouts.enumerated() {
      for (place, instance) in instances.enumerated() {
        var next = layout
        guard next.create(instance), let after = numbers[next.instances] else { continue }
        larger[number * instances.count + place] = after
        smaller[Int(after) * instances.count + place] = Int16(number)
      }
    }
    self.layouts = layouts
    self.instances = instances
    self.larger = larger
    self.smaller = smaller
    ofProfile = geometry.profiles.indices.map { profile in
      instances.indices.filter { instances[$0].profile == profile }
    }
    held = layouts.indices.map { layout in
      instances.indices.filter { smaller[layout * instances.count + $0] >= 0 }
    }
  }

  /// The layout with an instance more; nil when it may not be cut.
  package func creating(_ instance: Int, in layout: Int) -> Int? {
    let next = larger[layout * instances.count + instance]
    return next < 0 ? nil : Int(next)
  }

  /// The layout with an instance less; nil when it is not there.
  package func destroying(_ instance: Int, in layout: Int) -> Int? {
    let next = smaller[layout * instances.count + instance]
    return next < 0 ? nil : Int(next)
  }
}
