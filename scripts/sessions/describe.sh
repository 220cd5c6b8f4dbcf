cat twinkeel.yaml
sed -i s/192.168.1.112/192.168.1.111/ twinkeel.yaml
twinkeel check
sed -i '/lb-2/s/111}/112}/' twinkeel.yaml
twinkeel check
twinkeel explain | grep -E ' m?s$'
