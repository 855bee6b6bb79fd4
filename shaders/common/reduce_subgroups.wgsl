// The sums of common/reduce with subgroup operations.
//
// Nothing is assumed about the size of a subgroup, nor about which lanes form one. One lane of each subgroup leaves the
// subgroup's sum at its place and the others zero; then every subgroup adds up all places, a lane every so many of them.
// The totals of subgroups of different sizes may be rounded differently, so that of lane 0 is the one for all.
#import common/real

var<workgroup> part_sum: array<real, LANES + 1u>;

fn workgroup_sum(value: real, lane: u32) -> real {
    let lanes = subgroupAdd(1u);
    let rank = subgroupExclusiveAdd(1u);
    let own = subgroupAdd(value);
    part_sum[lane] = select(0.0, own, rank == 0u);
    workgroupBarrier();
    var places = 0.0;
    // As many rounds for each lane of the subgroup, so that it stays together.
    for (var first = 0u; first < LANES; first += lanes) {
        let i = first + rank;
        places += select(0.0, part_sum[min(i, LANES - 1u)], i < LANES);
    }
    let total = subgroupAdd(places);
    if lane == 0u {
        part_sum[LANES] = total;
    }
    return workgroupUniformLoad(&part_sum[LANES]);
}

var<workgroup> part_sum2: array<real2, LANES + 1u>;

fn workgroup_sum2(value: real2, lane: u32) -> real2 {
    let lanes = subgroupAdd(1u);
    let rank = subgroupExclusiveAdd(1u);
    let own = subgroupAdd(value);
    part_sum2[lane] = select(real2(), own, rank == 0u);
    workgroupBarrier();
    var places = real2();
    // As many rounds for each lane of the subgroup, so that it stays together.
    for (var first = 0u; first < LANES; first += lanes) {
        let i = first + rank;
        places += select(real2(), part_sum2[min(i, LANES - 1u)], i < LANES);
    }
    let total = subgroupAdd(places);
    if lane == 0u {
        part_sum2[LANES] = total;
    }
    return workgroupUniformLoad(&part_sum2[LANES]);
}

var<workgroup> part_sum3: array<real3, LANES + 1u>;

fn workgroup_sum3(value: real3, lane: u32) -> real3 {
    let lanes = subgroupAdd(1u);
    let rank = subgroupExclusiveAdd(1u);
    let own = subgroupAdd(value);
    part_sum3[lane] = select(real3(), own, rank == 0u);
    workgroupBarrier();
    var places = real3();
    // As many rounds for each lane of the subgroup, so that it stays together.
    for (var first = 0u; first < LANES; first += lanes) {
        let i = first + rank;
        places += select(real3(), part_sum3[min(i, LANES - 1u)], i < LANES);
    }
    let total = subgroupAdd(places);
    if lane == 0u {
        part_sum3[LANES] = total;
    }
    return workgroupUniformLoad(&part_sum3[LANES]);
}

var<workgroup> part_sum4: array<real4, LANES + 1u>;

fn workgroup_sum4(value: real4, lane: u32) -> real4 {
    let lanes = subgroupAdd(1u);
    let rank = subgroupExclusiveAdd(1u);
    let own = subgroupAdd(value);
    part_sum4[lane] = select(real4(), own, rank == 0u);
    workgroupBarrier();
    var places = real4();
    // As many rounds for each lane of the subgroup, so that it stays together.
    for (var first = 0u; first < LANES; first += lanes) {
        let i = first + rank;
        places += select(real4(), part_sum4[min(i, LANES - 1u)], i < LANES);
    }
    let total = subgroupAdd(places);
    if lane == 0u {
        part_sum4[LANES] = total;
    }
    return workgroupUniformLoad(&part_sum4[LANES]);
}
