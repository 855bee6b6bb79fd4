// The sums of common/reduce as a tree in workgroup memory: lane i adds lane i + LANES/2, then i + LANES/4, …
#import common/real

var<workgroup> part_sum: array<real, LANES>;

fn workgroup_sum(value: real, lane: u32) -> real {
    part_sum[lane] = value;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            part_sum[lane] += part_sum[lane + half];
        }
    }
    return workgroupUniformLoad(&part_sum[0]);
}

var<workgroup> part_sum2: array<real2, LANES>;

fn workgroup_sum2(value: real2, lane: u32) -> real2 {
    part_sum2[lane] = value;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            part_sum2[lane] += part_sum2[lane + half];
        }
    }
    return workgroupUniformLoad(&part_sum2[0]);
}

var<workgroup> part_sum3: array<real3, LANES>;

fn workgroup_sum3(value: real3, lane: u32) -> real3 {
    part_sum3[lane] = value;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            part_sum3[lane] += part_sum3[lane + half];
        }
    }
    return workgroupUniformLoad(&part_sum3[0]);
}

var<workgroup> part_sum4: array<real4, LANES>;

fn workgroup_sum4(value: real4, lane: u32) -> real4 {
    part_sum4[lane] = value;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            part_sum4[lane] += part_sum4[lane + half];
        }
    }
    return workgroupUniformLoad(&part_sum4[0]);
}
