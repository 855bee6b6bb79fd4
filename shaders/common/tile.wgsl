// Four features, a to d, at four points.
#import common/real

struct Tile {
    a: real4,
    b: real4,
    c: real4,
    d: real4,
}

// x + y
fn tile_sum(x: Tile, y: Tile) -> Tile {
    return Tile(x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d);
}

// x y
fn tile_product(x: Tile, y: Tile) -> Tile {
    return Tile(x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d);
}

// of_points · of_features: a matrix of rank one.
fn tile_outer(of_points: real4, of_features: real4) -> Tile {
    return Tile(
        of_features.x * of_points,
        of_features.y * of_points,
        of_features.z * of_points,
        of_features.w * of_points,
    );
}
