// Generated expressions at four points, component by component: f_m(in_0, in_1, …).
#import common/real
#import common/functions
#import generated/expression

// An array has one element at least.
const INPUTS: u32 = max(EXPRESSION_INPUTS, 1u);

fn expressions(inputs: array<real4, INPUTS>) -> array<real4, EXPRESSION_OUTPUTS> {
    var loaded = inputs;
    var results: array<real4, EXPRESSION_OUTPUTS>;
    for (var c = 0u; c < 4u; c++) {
        var at: array<real, INPUTS>;
        for (var k = 0u; k < EXPRESSION_INPUTS; k++) {
            at[k] = loaded[k][c];
        }
        var values = expression(at);
        for (var m = 0u; m < EXPRESSION_OUTPUTS; m++) {
            results[m][c] = values[m];
        }
    }
    return results;
}
