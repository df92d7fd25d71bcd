;; Traps in the hook.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (unreachable))
