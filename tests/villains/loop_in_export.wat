;; Loops for ever in the hook.
;; fault: out_of_fuel
;;@CORE
(func (export "shape") (param i32) (result i32) (loop (br 0)) (unreachable))
