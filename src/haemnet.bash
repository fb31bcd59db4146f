# haemnet.bash - completion of `haemnet` for bash. Commands and options come from `haemnet help` itself, so they are always those of the
# program that is called.
_haemnet() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$("$program" help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$current"))
        return
    fi
    case $previous in
        --optimizer) COMPREPLY=($(compgen -W "adam adamw sgd" -- "$current")); return ;;
        --model | --preset) COMPREPLY=($(compgen -W "$("$program" inspect --presets 2>/dev/null | sed 's/ .*//')" -- "$current")); return ;;
        --format) COMPREPLY=($(compgen -W "png jpeg" -- "$current")); return ;;
        --windows) COMPREPLY=($(compgen -W "brain subdural bone stroke" -- "$current")); return ;;
        --augment) COMPREPLY=($(compgen -W "usual flip rotate scale shift shear window-centre window-width brightness contrast gamma noise blur cutout mixup cutmix" -- "$current"))
            return ;;
        --recipe) COMPREPLY=($(compgen -W "small small-transfer series transfer thesis" -- "$current")); return ;;
        --schedule) COMPREPLY=($(compgen -W "constant step cosine restarts one-cycle plateau" -- "$current")); return ;;
        --sampler) COMPREPLY=($(compgen -W "shuffle classes groups hard-negatives" -- "$current")); return ;;
        --stop) COMPREPLY=($(compgen -W "patience gl pq up" -- "$current")); return ;;
        --method)
            [ "$command" = calibrate ] && { COMPREPLY=($(compgen -W "temperature platt none" -- "$current")); return; }
            COMPREPLY=($(compgen -W "integrated-gradients hirescam gradcam gradcam++ layercam occlusion saliency brightness" -- "$current"))
            return ;;
        --colours) COMPREPLY=($(compgen -W "inferno magma viridis" -- "$current")); return ;;
        --tta) COMPREPLY=($(compgen -W "none flip flip-shift" -- "$current")); return ;;
        --choose) COMPREPLY=($(compgen -W "youden sensitivity= specificity= cost=" -- "$current")); return ;;
        --correct) COMPREPLY=($(compgen -W "holm benjamini-hochberg" -- "$current")); return ;;
        --task) COMPREPLY=($(compgen -W "single multi" -- "$current")); return ;;
        --class-weights) COMPREPLY=($(compgen -W "balanced rsna positive=" -- "$current")); return ;;
        --device) COMPREPLY=($(compgen -W "best $("$program" devices 2>/dev/null | sed 's/^[* ] \([^ ]*\).*/\1/')" -- "$current"))
            return ;;
    esac
    if [ "$command" = help ]; then
        COMPREPLY=($(compgen -W "$("$program" help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$current"))
    elif [ "${current#-}" != "$current" ]; then
        COMPREPLY=($(compgen -W "$("$program" help "$command" 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$current"))
    fi
}
complete -o default -F _haemnet haemnet
